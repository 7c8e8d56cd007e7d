using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Rigs;

/// <summary>
/// A gateway or a control plane as a process: killed, stopped, gone on, started again, and its folder lost.
/// </summary>
internal sealed class Plane(
    string name, string assembly, int port, string folder, IReadOnlyDictionary<string, string> environment)
    : IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(40);
    private readonly List<string> _pastOutputs = [];
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
    private ChildProcess? _process;

    public string Name => name;

    public int Port => port;

    public string Url => $"http://127.0.0.1:{port}";

    public string DataFolder => Path.Combine(folder, name);

    /// <summary>Variables for every start from now on, besides those of the rig.</summary>
    public Dictionary<string, string> Extra { get; } = [];

    /// <summary>File descriptors from the next start on; 0 is what the system gives.</summary>
    public int DescriptorsMax { get; set; }

    /// <summary>The name under which a gateway makes itself known; a lost machine's successor has another.</summary>
    public string Identity { get; set; } = "";

    /// <summary>One at a time may stop and start it.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    public bool IsRunning => _process is { HasExited: false };

    public int ProcessId => _process?.Id ?? 0;

    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>Everything it has written, in all its lives.</summary>
    public string Output => string.Concat(_pastOutputs) + _process?.Output;

    public string CurrentOutput => _process?.Output ?? "";

    public void Launch()
    {
        Remember();
        var variables = new Dictionary<string, string>(environment)
        {
            ["TOKENHUB_DATA_DIR"] = Directory.CreateDirectory(DataFolder).FullName, ["TOKENHUB_GATEWAY_ID"] = Identity.Length > 0 ? Identity : name,
        };
        foreach (var (key, value) in Extra)
        {
            variables[key] = value;
        }

        _process = DescriptorsMax > 0
            ? ChildProcess.Start("prlimit", [$"--nofile={DescriptorsMax}", "dotnet", "exec", assembly], variables)
            : ChildProcess.Start("dotnet", ["exec", assembly], variables);
    }

    public async Task StartAsync()
    {
        Launch();
        await WaitReadyAsync();
    }

    public Task WaitReadyAsync() => Probe.UntilAsync(
        () => IsRunning
            ? IsReadyAsync()
            : throw new InvalidOperationException($"{name} ended with {ExitCode}:\n{Last(CurrentOutput)}"),
        ReadyWithin,
        $"{name} is ready; it said:\n{Last(CurrentOutput)}");

    public async Task<bool> IsReadyAsync(string path = "/readyz")
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(Url + path));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            process.Kill();
            await process.WaitForExitAsync(TimeSpan.FromSeconds(5));
        }
    }

    /// <summary>Asks it to end in order; returns its exit code.</summary>
    public async Task<int> StopAsync(TimeSpan within)
    {
        _process!.Signal(15);
        return await _process.WaitForExitAsync(within);
    }

    /// <summary>
    /// Runs the executable once with arguments, beside the process that serves; its exit code and output.
    /// </summary>
    public async Task<(int Code, string Said)> CommandAsync(params string[] arguments)
    {
        await using var process = ChildProcess.Start(
            "dotnet", ["exec", assembly, .. arguments], new Dictionary<string, string>(environment) { ["TOKENHUB_DATA_DIR"] = DataFolder });
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        return (code, process.Output);
    }

    public void Signal(int signal) => _process?.Signal(signal);

    public void LoseData()
    {
        Directory.Delete(DataFolder, recursive: true);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        Gate.Dispose();
        if (_process is { } process)
        {
            process.Signal(18);
            await process.DisposeAsync();
        }
    }

    private void Remember()
    {
        if (_process is { } former)
        {
            _pastOutputs.Add(former.Output);
        }
    }

    private static string Last(string text) => text.Length > 3000 ? text[^3000..] : text;
}
