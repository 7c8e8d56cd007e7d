using System.Diagnostics;
using System.Globalization;
using TokenHub.EndToEnd.Tests.Standalone;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>
/// The real product, started by the one command a user would type on a data folder of its own: PostgreSQL, Redis, the
/// control plane and a gateway, each as its process. It can be stopped, killed as a whole or in parts, and started
/// again on the same data. An xunit fixture, or used by hand with <see cref="StartAsync"/>.
/// </summary>
public sealed class ProductFixture : IAsyncLifetime
{
    public const string AdminEmail = "admin@localhost";
    public const string AdminPassword = "end-to-end-admin-password";

    /// <summary>Names of the parts, as <see cref="ProcessIdOf"/> and <see cref="Kill"/> take them.</summary>
    public const string Gateway = "gateway";
    public const string ControlPlane = "control-plane";
    public const string Postgres = "postgres";
    public const string Redis = "redis";

    private const int SigTerm = 15;
    private const int SigKill = 9;
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(45);

    private readonly string _folder = Directory.CreateTempSubdirectory("tokenhub-e2e-").FullName;
    private StandaloneRun? _run;
    private ConsoleApi? _control;

    public string GatewayUrl => Run.GatewayUrl;

    public string ConsoleUrl => Run.ConsoleUrl;

    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>Variables besides the fixture's own; set them before the start.</summary>
    public Dictionary<string, string> Variables { get; } = new()
    {
        ["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true",
        ["TOKENHUB_ALLOW_INSECURE_UPSTREAMS"] = "true",
        ["TOKENHUB_ADMIN_EMAIL"] = AdminEmail,
        ["TOKENHUB_ADMIN_PASSWORD"] = AdminPassword,

        // An empty variable is an unset one: what the caller's shell may hold must not reach the product.
        ["TOKENHUB_DATABASE_URL"] = "",
        ["TOKENHUB_REDIS_URL"] = "",
        ["TOKENHUB_MASTER_KEY"] = "",
    };

    /// <summary>What the product itself wrote; each of its parts writes to <see cref="LogOf"/>.</summary>
    public string Output => Run.Output;

    /// <summary>The control API, signed in as the first admin.</summary>
    internal ConsoleApi Control => _control ?? throw NotStarted();

    private StandaloneRun Run => _run ?? throw NotStarted();

    public async ValueTask InitializeAsync() => await StartAsync();

    /// <summary>
    /// Starts it, or starts it again after a stop or a kill, on ports of its own each time; returns when all serves.
    /// </summary>
    public async Task StartAsync()
    {
        // PostgreSQL drops root's rights, so its folder's parents must be open to others.
        const UnixFileMode open = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | open);
        await EndRunAsync();
        try
        {
            _run = await StandaloneRun.StartAsync(DataFolder, environment: Variables);
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidOperationException($"{error.Message}\n{AllLogs()}", error);
        }

        _control = new ConsoleApi(ConsoleUrl);
        await _control.SignInAsync(AdminEmail, AdminPassword);
    }

    /// <summary>Stops it as a user would; returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        Run.Signal(SigTerm);
        return await Run.WaitForExitAsync(StopWithin);
    }

    /// <summary>Kills a part. The product starts it again by itself.</summary>
    public void Kill(string part) => SignalTo(
        ProcessIdOf(part) is > 0 and var id ? id : throw new InvalidOperationException($"{part} is not running."), SigKill);

    /// <summary>Kills the product's own process: its parts are left behind, as after a crash.</summary>
    public Task KillSupervisorAsync() => Run.KillAsync();

    /// <summary>Process number of a running part; 0 while there is none.</summary>
    public int ProcessIdOf(string part) => Run.Children().GetValueOrDefault(part);

    /// <summary>
    /// Every process that works for this run, as "number command": each names its folder, in its arguments or its
    /// environment. Empty after a clean stop.
    /// </summary>
    public IReadOnlyList<string> Processes() =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(folder => Path.GetFileName(folder))
            .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out var id) && id != Environment.ProcessId)
            .Select(id => (Id: id, Command: ReadProc(id, "cmdline"), Variables: ReadProc(id, "environ")))
            .Where(p => (p.Command + p.Variables).Contains(_folder, StringComparison.Ordinal))
            .Select(p => $"{p.Id} {p.Command.Replace('\0', ' ')}"),
    ];

    /// <summary>The log of a part; "" before it has one.</summary>
    public string LogOf(string part)
    {
        var file = Path.Combine(DataFolder, "logs", part + ".log");
        if (!File.Exists(file))
        {
            return "";
        }

        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }

    public async ValueTask DisposeAsync()
    {
        await EndRunAsync();

        // What a test killed the supervisor of is still there.
        foreach (var process in Processes())
        {
            SignalTo(int.Parse(process.Split(' ')[0], CultureInfo.InvariantCulture), SigKill);
        }

        await Probe.UntilAsync(() => Processes().Count == 0, TimeSpan.FromSeconds(30), "the last process to end");
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EndRunAsync()
    {
        _control?.Dispose();
        _control = null;
        if (_run is { } run)
        {
            _run = null;
            await run.DisposeAsync();
        }
    }

    private string AllLogs() => string.Join(
        '\n', new[] { Postgres, Redis, ControlPlane, Gateway }.Select(part => $"== {part}\n{LogOf(part)}"));

    private static InvalidOperationException NotStarted() => new("The product has not been started.");

    private static string ReadProc(string id, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{file}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else.
            return "";
        }
    }

    private static void SignalTo(int id, int signal)
    {
        using var kill = Process.Start("/bin/kill", [$"-{signal}", $"{id}"]);
        kill.WaitForExit();
    }
}
