using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TokenHub.EndToEnd.Tests.Product;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.EndToEnd.Tests.Standalone;

/// <summary>One run of the one command, in a session of its own as a terminal would give it.</summary>
internal sealed class StandaloneRun : IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);
    private readonly ChildProcess _process;

    private StandaloneRun(ChildProcess process, string dataFolder, int gatewayPort, int consolePort)
    {
        _process = process;
        DataFolder = dataFolder;
        GatewayUrl = $"http://127.0.0.1:{gatewayPort}";
        ConsoleUrl = $"http://127.0.0.1:{consolePort}";
    }

    public static string Assembly { get; } = Path.Combine(
        Repository.Root, "control-plane", "TokenHub.Standalone", "bin", Build.Configuration, "net10.0", "TokenHub.Standalone.dll");

    public string DataFolder { get; }

    public string GatewayUrl { get; }

    public string ConsoleUrl { get; }

    public string Output => _process.Output;

    /// <summary>The first sign-in's password, as printed at the first start.</summary>
    public string AdminPassword =>
        Regex.Match(Output, "first sign-in email=admin@localhost password=(\\S+)").Groups[1].Value;

    /// <summary>Starts it without waiting for anything.</summary>
    public static StandaloneRun Launch(
        string dataFolder, bool demo = false, Dictionary<string, string>? environment = null, bool asNobody = false,
        string? assembly = null)
    {
        var (gateway, console) = (FreePort.Next(), FreePort.Next());
        var variables = new Dictionary<string, string>
        {
            ["TOKENHUB_DATA_DIR"] = dataFolder,
            ["TOKENHUB_GATEWAY_BIND"] = $"127.0.0.1:{gateway}",
            ["TOKENHUB_CONSOLE_BIND"] = $"127.0.0.1:{console}",
            ["DOTNET_CLI_HOME"] = "/tmp",

            // As a shell may have it that serves load tools: right for the gateway, death to the control plane.
            ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        };
        foreach (var (name, value) in environment ?? [])
        {
            variables[name] = value;
        }

        List<string> command = [DotNet(), "exec", assembly ?? Assembly];
        if (demo)
        {
            command.Add("--demo");
        }

        var process = ChildProcess.Start("/usr/bin/setsid", command, variables, asNobody: asNobody);
        return new StandaloneRun(process, dataFolder, gateway, console);
    }

    public static async Task<StandaloneRun> StartAsync(
        string dataFolder, bool demo = false, Dictionary<string, string>? environment = null, bool asNobody = false,
        string? assembly = null)
    {
        var run = Launch(dataFolder, demo, environment, asNobody, assembly);
        try
        {
            await run._process.WaitForOutputAsync($"ready gateway={run.GatewayUrl} console={run.ConsoleUrl}", ReadyWithin);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>The children by name, from the file in which the supervisor keeps them.</summary>
    public IReadOnlyDictionary<string, int> Children() =>
        File.ReadAllLines(Path.Combine(DataFolder, "running"))
            .Select(line => line.Split(' '))
            .ToDictionary(parts => parts[0], parts => int.Parse(parts[1], CultureInfo.InvariantCulture));

    /// <summary>Ctrl-C as a terminal does it: the signal goes to the whole process group.</summary>
    public async Task<int> InterruptAsync(TimeSpan within)
    {
        using var kill = Process.Start("/bin/kill", ["-INT", "--", $"-{_process.Id}"]);
        await kill.WaitForExitAsync();
        return await _process.WaitForExitAsync(within);
    }

    /// <summary>A signal to the product's own process alone.</summary>
    public void Signal(int signal) => _process.Signal(signal);

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TimeSpan.FromSeconds(30));
    }

    public Task<int> WaitForExitAsync(TimeSpan within) => _process.WaitForExitAsync(within);

    public Task WaitForOutputAsync(string text, TimeSpan within) => _process.WaitForOutputAsync(text, within);

    public async Task<bool> IsServingAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        try
        {
            using var gateway = await http.GetAsync(new Uri(GatewayUrl + "/readyz"));
            using var console = await http.GetAsync(new Uri(ConsoleUrl + "/readyz"));
            return gateway.IsSuccessStatusCode && console.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Signal(15);
            try
            {
                await _process.WaitForExitAsync(TimeSpan.FromSeconds(45));
            }
            catch (OperationCanceledException)
            {
                // Killed below.
            }
        }

        await _process.DisposeAsync();
    }

    private static string DotNet() =>
        Environment.ProcessPath is { } self && Path.GetFileName(self) == "dotnet"
            ? self
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
                .Select(folder => Path.Combine(folder, "dotnet"))
                .First(File.Exists);
}
