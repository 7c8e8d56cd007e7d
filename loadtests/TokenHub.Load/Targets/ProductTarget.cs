using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace TokenHub.Load.Targets;

/// <summary>
/// The whole product as its one command starts it, with channels to the mock and keys without narrow limits.
/// </summary>
internal sealed class ProductTarget : ITarget, IAsyncDisposable
{
    public const string InputPrice = "1.25";
    public const string OutputPrice = "10";
    private const string AdminEmail = "admin@localhost";
    private const string Models = "mock-*";
    private const int UsersMax = 8;
    private const int ConcurrencyMax = 20_000;
    private const string Credit = "1000000";
    private const int LogLinesShown = 8;
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(60);
    private readonly ChildProcess _process;
    private readonly DirectoryInfo _folder;
    private readonly List<string> _keys = [];

    private ProductTarget(ChildProcess process, DirectoryInfo folder, int gatewayPort, int consolePort)
    {
        (_process, _folder) = (process, folder);
        Endpoint = new IPEndPoint(IPAddress.Loopback, gatewayPort);
        Api = new ControlApi(new Uri($"http://127.0.0.1:{consolePort}"));
    }

    public string Name => "tokenhub";

    public IPEndPoint Endpoint { get; }

    public ControlApi Api { get; }

    public IReadOnlyList<string> Keys => _keys;

    public IReadOnlyList<int> ProcessIds => Running("gateway");

    public long IdleKiB { get; private set; }

    public IReadOnlyDictionary<string, IReadOnlyList<int>> Neighbours => new Dictionary<string, IReadOnlyList<int>>
    {
        ["redis"] = Running("redis"), ["control-plane"] = Running("control-plane"), ["postgres"] = Running("postgres"),
    };

    public static async Task<ProductTarget> StartAsync(Uri upstream, CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("tokenhub-load-");
        var password = RandomNumberGenerator.GetHexString(32);
        var (gateway, console) = (FreePort.Next(), FreePort.Next());
        var process = ChildProcess.StartDotNet("tokenhub", Assembly(), [], new Dictionary<string, string>
        {
            ["TOKENHUB_DATA_DIR"] = folder.FullName,
            ["TOKENHUB_GATEWAY_BIND"] = $"127.0.0.1:{gateway}",
            ["TOKENHUB_CONSOLE_BIND"] = $"127.0.0.1:{console}",
            ["TOKENHUB_ADMIN_EMAIL"] = AdminEmail,
            ["TOKENHUB_ADMIN_PASSWORD"] = password,
            // The upstream is on this machine and speaks plain HTTP.
            ["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true",
            ["TOKENHUB_ALLOW_INSECURE_UPSTREAMS"] = "true",
        }, StopWithin);
        var target = new ProductTarget(process, folder, gateway, console);
        try
        {
            await process.WaitForLineAsync("ready ", ReadyWithin, cancel);
            await target.SetUpAsync(upstream, password, cancel);
            return target;
        }
        catch
        {
            await target.DisposeAsync();
            throw;
        }
    }

    /// <summary>A member with credit and a key of his own.</summary>
    public async Task<(string UserId, string Key)> CreateMemberAsync(
        string name, string credit, CancellationToken cancel)
    {
        var user = await Api.CallAsync("POST", "/users", new JsonObject
        {
            ["email"] = $"{name}@localhost", ["password"] = RandomNumberGenerator.GetHexString(32), ["role"] = "member",
            ["max_concurrency"] = ConcurrencyMax,
        }, cancel);
        var id = (string)user["id"]!;
        await Api.CallAsync(
            "POST", $"/users/{id}/credits", new JsonObject { ["amount"] = credit, ["reason"] = "load" }, cancel);
        var key = await Api.CallAsync(
            "POST", "/keys", new JsonObject { ["name"] = name, ["user_id"] = id }, cancel);
        return (id, (string)key["secret"]!);
    }

    /// <summary>What the gateway said last, for a person who looks for the reason of a fault.</summary>
    public IEnumerable<string> RecentLog()
    {
        var file = Path.Combine(_folder.FullName, "logs", "gateway.log");
        return File.Exists(file) ? File.ReadLines(file).TakeLast(LogLinesShown) : [];
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task SetUpAsync(Uri upstream, string password, CancellationToken cancel)
    {
        await Api.SignInAsync(AdminEmail, password, cancel);
        foreach (var provider in new[] { "openai", "anthropic", "gemini" })
        {
            await Api.CallAsync("POST", "/channels", new JsonObject
            {
                ["name"] = provider,
                ["provider"] = provider,
                ["base_url"] = upstream.ToString().TrimEnd('/'),
                ["credential"] = new JsonObject { ["type"] = "api_key", ["api_key"] = "none-needed" },
                ["models"] = new JsonArray(Models),
            }, cancel);
        }

        await Api.CallAsync("PUT", "/prices", new JsonObject
        {
            ["model"] = Models, ["input"] = InputPrice, ["output"] = OutputPrice,
        }, cancel);
        for (var i = 0; i < UsersMax; i++)
        {
            _keys.Add((await CreateMemberAsync($"load-{i}", Credit, cancel)).Key);
        }

        IdleKiB = ProcessUsage.Of(ProcessIds).ResidentKiB;
    }

    // The supervisor keeps its children in a file: name, process number, start second.
    private List<int> Running(string name) => File.ReadAllLines(Path.Combine(_folder.FullName, "running"))
        .Select(line => line.Split(' '))
        .Where(parts => parts[0] == name)
        .SelectMany(parts => ProcessUsage.WithChildren(int.Parse(parts[1], CultureInfo.InvariantCulture)))
        .ToList();

    private static string Assembly()
    {
        var output = Path.GetFullPath(AppContext.BaseDirectory).TrimEnd('/').Split('/');
        var root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../../.."));
        return Path.Combine(
            root, "control-plane", "TokenHub.Standalone", "bin", output[^2], output[^1], "TokenHub.Standalone.dll");
    }
}
