using System.Globalization;
using System.Net;

namespace TokenHub.Standalone;

/// <summary>What the command line and the environment say. Read once; all faults are told at once.</summary>
public sealed record StandaloneOptions
{
    public required string DataFolder { get; init; }
    public required IPEndPoint GatewayBind { get; init; }
    public required IPEndPoint ConsoleBind { get; init; }

    /// <summary>Null: a private PostgreSQL is started.</summary>
    public string? DatabaseUrl { get; init; }

    /// <summary>Null: a private Redis is started.</summary>
    public string? RedisUrl { get; init; }

    public string? MasterKey { get; init; }
    public string? AdminEmail { get; init; }
    public string? AdminPassword { get; init; }
    public bool IsDemo { get; init; }

    public string GatewayUrl => $"http://{Reachable(GatewayBind)}";

    public string ConsoleUrl => $"http://{Reachable(ConsoleBind)}";

    public const string Help = """
        TokenHub: starts PostgreSQL, Redis, the control plane and one gateway, and keeps them running until Ctrl-C.

          --demo    adds a local upstream, a price, a user with $10 and a key, and prints a call that works
          --help    prints this

        Variables (all optional; the planes read more, see their own --help):
          TOKENHUB_DATA_DIR        folder of everything kept (./.tokenhub)
          TOKENHUB_GATEWAY_BIND    address of the gateway (127.0.0.1:8080)
          TOKENHUB_CONSOLE_BIND    address of the console and its API (127.0.0.1:8090)
          TOKENHUB_DATABASE_URL    postgres://user:pw@host:port/db of a PostgreSQL to use; unset: one is started
          TOKENHUB_REDIS_URL       redis:// or rediss:// address to use; unset: one is started
          TOKENHUB_MASTER_KEY      32 bytes in base64 that seal channel secrets; unset: made once and kept
          TOKENHUB_ADMIN_EMAIL     first sign-in (admin@localhost)
          TOKENHUB_ADMIN_PASSWORD  its password; unset: made once and printed at the first start
        """;

    public static bool TryRead(
        string[] args, Func<string, string?> variable, out StandaloneOptions options, out string text)
    {
        var faults = new List<string>();
        options = null!;
        if (args.Contains("--help"))
        {
            text = Help;
            return false;
        }

        faults.AddRange(args.Where(a => a != "--demo").Select(a => $"unknown argument {a}; see --help"));
        string? Read(string name) => variable("TOKENHUB_" + name) is { Length: > 0 } value ? value : null;
        options = new StandaloneOptions
        {
            DataFolder = Path.GetFullPath(Read("DATA_DIR") ?? ".tokenhub"),
            GatewayBind = Endpoint("GATEWAY_BIND", Read("GATEWAY_BIND") ?? "127.0.0.1:8080", faults),
            ConsoleBind = Endpoint("CONSOLE_BIND", Read("CONSOLE_BIND") ?? "127.0.0.1:8090", faults),
            DatabaseUrl = Url("DATABASE_URL", Read("DATABASE_URL"), ["postgres", "postgresql"], faults),
            RedisUrl = Url("REDIS_URL", Read("REDIS_URL"), ["redis", "rediss"], faults),
            MasterKey = Key(Read("MASTER_KEY"), faults),
            AdminEmail = Read("ADMIN_EMAIL"),
            AdminPassword = Read("ADMIN_PASSWORD"),
            IsDemo = args.Contains("--demo"),
        };
        text = string.Join('\n', faults.Select(fault => $"tokenhub: {fault}"));
        return faults.Count == 0;
    }

    private static string Reachable(IPEndPoint bind) =>
        IPAddress.Any.Equals(bind.Address) || IPAddress.IPv6Any.Equals(bind.Address)
            ? string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{bind.Port}")
            : bind.ToString();

    private static IPEndPoint Endpoint(string name, string value, List<string> faults)
    {
        if (IPEndPoint.TryParse(value, out var endpoint) && endpoint.Port > 0)
        {
            return endpoint;
        }

        faults.Add($"TOKENHUB_{name} must be address:port, for example 127.0.0.1:8080; it is '{value}'");
        return new IPEndPoint(IPAddress.Loopback, 0);
    }

    // The value may hold a password, so a fault never repeats it.
    private static string? Url(string name, string? value, string[] schemes, List<string> faults)
    {
        // No more than its beginning: an address may name several hosts, and the planes know how to read it.
        if (value is not null
            && !schemes.Any(scheme => value.StartsWith($"{scheme}://", StringComparison.OrdinalIgnoreCase)))
        {
            faults.Add($"TOKENHUB_{name} must be a {schemes[0]}:// address");
        }

        return value;
    }

    private static string? Key(string? value, List<string> faults)
    {
        Span<byte> bytes = stackalloc byte[64];
        if (value is not null && (!Convert.TryFromBase64String(value, bytes, out var length) || length != 32))
        {
            faults.Add("TOKENHUB_MASTER_KEY must be 32 bytes in base64");
        }

        return value;
    }
}
