using System.Net.Http.Headers;
using System.Security.Cryptography;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.EndToEnd.Tests.Product;

/// <summary>
/// The planes as processes on a PostgreSQL and a Redis of the test's own, each of which can be killed and started again
/// by itself. For everything that the one-command start is not about.
/// </summary>
internal sealed class ProductStack : IAsyncDisposable
{
    public const string AdminEmail = "admin@example.com";
    public const string AdminPassword = "an admin's password 7";

    private const string RuntimeRole = "hub_runtime";

    private readonly Dictionary<string, string> _environment;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-stack-");
    private readonly PostgresServer _postgres;
    private ChildProcess? _controlPlane;
    private ChildProcess? _gateway;

    private ProductStack(PostgresServer postgres, string database, string redisUrl)
    {
        _postgres = postgres;
        GatewayUrl = $"http://127.0.0.1:{FreePort.Next()}";
        ConsoleUrl = $"http://127.0.0.1:{FreePort.Next()}";
        _environment = new Dictionary<string, string>
        {
            // As an installation should: the control plane runs as a role that can rewrite nothing.
            ["TOKENHUB_DATABASE_URL"] = postgres.Url(database).Replace(
                "//tokenhub:", $"//{RuntimeRole}:", StringComparison.Ordinal),
            ["TOKENHUB_MIGRATION_DATABASE_URL"] = postgres.Url(database),
            ["TOKENHUB_REDIS_URL"] = redisUrl,
            ["TOKENHUB_MASTER_KEY"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            ["TOKENHUB_CONTROL_PLANE_URL"] = ConsoleUrl,
            ["TOKENHUB_CONTROL_PLANE_TOKEN"] = "a token for the planes of one test",
            ["TOKENHUB_GATEWAY_BIND"] = GatewayUrl["http://".Length..],
            ["TOKENHUB_CONSOLE_BIND"] = ConsoleUrl["http://".Length..],
            ["TOKENHUB_GATEWAY_ID"] = "gateway-under-test",
            ["TOKENHUB_ADMIN_EMAIL"] = AdminEmail,
            ["TOKENHUB_ADMIN_PASSWORD"] = AdminPassword,
            ["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true",
            ["TOKENHUB_ALLOW_INSECURE_UPSTREAMS"] = "true",

            // As a shell may have it that serves load tools: right for the gateway, death to the control plane.
            ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        };
        Api = new ConsoleApi(ConsoleUrl);
    }

    public string GatewayUrl { get; }

    public string ConsoleUrl { get; }

    public ConsoleApi Api { get; }

    public string MasterKey => _environment["TOKENHUB_MASTER_KEY"];

    public PostgresServer Postgres => _postgres;

    public string GatewayOutput => _gateway?.Output ?? "";

    public string ControlPlaneOutput => _controlPlane?.Output ?? "";

    /// <param name="settings">Variables that its processes get beside the usual ones.</param>
    public static async Task<ProductStack> StartAsync(
        string redisUrl, IReadOnlyDictionary<string, string>? settings = null)
    {
        var postgres = await PostgresServer.StartAsync();
        await postgres.CreateRoleAsync(RuntimeRole);
        var stack = new ProductStack(postgres, await postgres.CreateDatabaseAsync(), redisUrl);
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            stack._environment[name] = value;
        }

        try
        {
            await stack.StartControlPlaneAsync();
            await stack.StartGatewayAsync();
            await stack.Api.SignInAsync(AdminEmail, AdminPassword);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    public async Task StartControlPlaneAsync()
    {
        _controlPlane = Launch("control-plane", "TokenHub.ControlPlane");
        await WaitReadyAsync(_controlPlane, ConsoleUrl);
    }

    public async Task StartGatewayAsync()
    {
        _gateway = Launch("gateway", "TokenHub.Gateway");
        await WaitReadyAsync(_gateway, GatewayUrl);
    }

    /// <summary>A further gateway of another name, for the test to stop, kill and start as it likes.</summary>
    public async Task<ChildProcess> StartGatewayAsync(string id, string url)
    {
        var gateway = Launch("gateway", "TokenHub.Gateway", new Dictionary<string, string>
        {
            ["TOKENHUB_GATEWAY_ID"] = id,
            ["TOKENHUB_GATEWAY_BIND"] = url["http://".Length..],
            ["TOKENHUB_DATA_DIR"] = Directory.CreateDirectory(Path.Combine(_folder.FullName, id)).FullName,
        });
        await WaitReadyAsync(gateway, url);
        return gateway;
    }

    /// <summary>Runs an operator's command of the control plane's executable; its code and what it said.</summary>
    public async Task<(int Code, string Output)> OperateAsync(params string[] arguments)
    {
        await using var process = Launch("control-plane", "TokenHub.ControlPlane", null, arguments);
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        return (code, process.Output);
    }

    public async Task KillGatewayAsync()
    {
        _gateway!.Kill();
        await _gateway.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await _gateway.DisposeAsync();
        _gateway = null;
    }

    /// <summary>
    /// From now on processes are started with this master key, and with the one of before where it is still needed.
    /// </summary>
    public void UseMasterKey(string key, string? before)
    {
        _environment["TOKENHUB_MASTER_KEY"] = key;
        _environment["TOKENHUB_MASTER_KEY_OLD"] = before ?? "";
    }

    /// <summary>
    /// Stops the control plane in order and starts it anew; sessions may have ended with its secrets.
    /// </summary>
    public async Task RestartControlPlaneAsync()
    {
        _controlPlane!.Signal(15);
        await _controlPlane.WaitForExitAsync(TimeSpan.FromSeconds(40));
        await _controlPlane.DisposeAsync();
        await StartControlPlaneAsync();
        await Api.SignInAsync(AdminEmail, AdminPassword);
    }

    public async Task KillControlPlaneAsync()
    {
        _controlPlane!.Kill();
        await _controlPlane.WaitForExitAsync(TimeSpan.FromSeconds(30));
        await _controlPlane.DisposeAsync();
    }

    /// <summary>
    /// Waits until a change of channels, prices and keys is in force at the gateway: it promises one second.
    /// </summary>
    public async Task WaitServedAsync(string key, string model)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        await Probe.UntilAsync(
            async () =>
            {
                using var answer = await http.GetAsync(new Uri($"{GatewayUrl}/v1/models/{model}"));
                return answer.IsSuccessStatusCode;
            },
            TimeSpan.FromSeconds(30),
            $"the gateway serves {model}");
    }

    /// <summary>Waits until no money of a user is held, then asks the ledger to recompute everything.</summary>
    public async Task AssertSettledAsync(string userId, TimeSpan within)
    {
        await Probe.UntilAsync(
            async () =>
            {
                var wallet = await Api.CallAsync("GET", $"/users/{userId}/wallet");
                return (string?)wallet["held"] == "0.00000000";
            },
            within,
            "nothing is held any more");
        var verified = await Api.CallAsync("GET", "/ledger/verify");
        Xunit.Assert.True((bool)verified["ok"]!, verified.ToJsonString());
        Xunit.Assert.Equal("0.00000000", (string?)verified["sum"]);
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        foreach (var process in new[] { _gateway, _controlPlane })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        await _postgres.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private ChildProcess Launch(
        string plane, string project, Dictionary<string, string>? changes = null, params string[] arguments)
    {
        var assembly = Path.Combine(Repository.Root, plane, project, "bin", Build.Configuration, "net10.0", project + ".dll");
        var environment = new Dictionary<string, string>(_environment)
        {
            ["TOKENHUB_DATA_DIR"] = Directory.CreateDirectory(Path.Combine(_folder.FullName, plane)).FullName,
        };
        foreach (var (name, value) in changes ?? [])
        {
            environment[name] = value;
        }

        return ChildProcess.Start("dotnet", ["exec", assembly, .. arguments], environment);
    }

    private static async Task WaitReadyAsync(ChildProcess process, string url)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };
        await Probe.UntilAsync(
            async () =>
            {
                if (process.HasExited)
                {
                    throw new InvalidOperationException($"It ended with {process.ExitCode}:\n{process.Output}");
                }

                try
                {
                    using var answer = await http.GetAsync(new Uri(url + "/readyz"));
                    return answer.IsSuccessStatusCode;
                }
                catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(40),
            $"{url} is ready; it said:\n{process.Output}");
    }
}
