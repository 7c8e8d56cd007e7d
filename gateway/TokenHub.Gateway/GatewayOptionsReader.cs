using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Addresses;
using TokenHub.Redis;

namespace TokenHub.Gateway;

/// <summary>
/// Reads <see cref="GatewayOptions"/> from variables with the prefix <c>TOKENHUB_</c>. Every fault is collected, so
/// that one start tells all that is wrong.
/// </summary>
internal sealed class GatewayOptionsReader
{
    public const string Prefix = "TOKENHUB_";
    private const int DefaultPort = 8080;

    private readonly Func<string, string?> _environment;
    private readonly List<string> _faults = [];

    private GatewayOptionsReader(Func<string, string?> environment)
    {
        _environment = environment;
    }

    /// <summary>Every variable that the gateway reads, with default and meaning: the text of <c>--help</c>.</summary>
    public static IReadOnlyList<(string Name, string Default, string Meaning)> Variables { get; } =
    [
        ("DATA_DIR", "./.tokenhub", "Folder for everything the gateway keeps on disk."),
        ("GATEWAY_BIND", "127.0.0.1:8080", "Address and port to listen on; * for every address."),
        ("REDIS_URL", "(required)",
            "redis:// or rediss://[user:password@]host:port[,host:port...][/db][?mode=cluster|sentinel&master=name]."),
        ("MASTER_KEY", "(required)", "Base64 of 32 bytes; opens channel credentials. The control plane has the same."),
        ("MASTER_KEY_OLD", "(none)", "The key of before, still accepted while 'keys rotate-master' is at work."),
        ("CONTROL_PLANE_URL", "(required)", "Address of the control plane, http:// or https://."),
        ("CONTROL_PLANE_TOKEN", "(required)", "Secret shared with the control plane."),
        ("GATEWAY_ID", "(the machine's name)", "Name of this gateway, unique among all: 1 to 64 of A-Z a-z 0-9 . _ -"),
        ("WAL_DIR", "(DATA_DIR)/wal", "Folder of the write-ahead log; must survive a restart."),
        ("WAL_MAX_BYTES", "8589934592",
            "Bytes the log may take while the ledger is away; new requests get 503 at 80 % of them."),
        ("GRACE", "false",
            "Serve known accounts while Redis is away, for 1 % of their balance, at most $1, each on each gateway."),
        ("ALLOW_PRIVATE_UPSTREAMS", "false", "Let channels reach private and loopback addresses, by http:// too."),
        ("ALLOW_INSECURE_UPSTREAMS", "false", "Let channels use http:// to public addresses."),
        ("UPSTREAM_CA_FILE", "(the system's)", "PEM file of the certificate authorities to trust for upstreams."),
        ("TRUSTED_PROXIES", "(none)", "Addresses or CIDR ranges, by commas, whose X-Forwarded-For is believed."),
        ("LOG_LEVEL", "information", "trace, debug, information, warning, error, critical or none."),
        ("ALLOW_PRIVATE_MEDIA", "false",
            "Fetch pictures that callers give by address from private addresses, too; for tests only."),
        ("MEDIA_BYTES_MAX", "10485760", "Largest picture or document fetched for an upstream that takes no addresses."),
        ("MEDIA_BYTES_IN_ALL_MAX", "20971520", "The same for all of one request."),
        ("MEDIA_SECONDS", "10", "Longest time to fetch one of them."),
        ("BODY_BYTES_MAX", "20971520", "Largest request body; a larger one is answered 413."),
        ("CONNECT_SECONDS", "10", "Longest wait for a connection to an upstream."),
        ("FIRST_BYTE_SECONDS", "120", "Longest wait for an upstream's first content."),
        ("UNSTREAMED_SECONDS", "600", "Longest wait for an answer that is not streamed."),
        ("IDLE_SECONDS", "120", "Longest silence of an upstream in the middle of an answer."),
        ("CLIENT_WRITE_SECONDS", "60", "Longest wait for a client that does not read."),
        ("DRAIN_SECONDS", "30", "How long running requests may go on after SIGTERM."),
    ];

    /// <summary>False when anything is wrong; <paramref name="faults"/> then names every variable at fault.</summary>
    public static bool TryRead(
        Func<string, string?> environment, out GatewayOptions options, out IReadOnlyList<string> faults)
    {
        var reader = new GatewayOptionsReader(environment);
        options = reader.Read();
        faults = reader._faults;
        return faults.Count == 0;
    }

    public static void WriteHelp(TextWriter writer)
    {
        writer.WriteLine("TokenHub gateway. It takes no arguments but --help; it is told by environment variables:");
        foreach (var (name, fallback, meaning) in Variables)
        {
            writer.WriteLine($"  {Prefix + name,-36} {fallback}");
            writer.WriteLine($"  {"",-36}   {meaning}");
        }
    }

    private GatewayOptions Read()
    {
        var dataDir = Path.GetFullPath(Text("DATA_DIR") ?? "./.tokenhub");
        return new GatewayOptions
        {
            DataDir = dataDir,
            WalDir = Text("WAL_DIR") is { } wal ? Path.GetFullPath(wal) : Path.Combine(dataDir, "wal"),
            LogBytesMax = ReadNumber("WAL_MAX_BYTES", 8L << 30, 16L << 20, 1L << 40),
            Bind = ReadBind(),
            RedisUrl = ReadRedisUrl(),
            MasterKey = ReadMasterKey("MASTER_KEY", ReadRequired("MASTER_KEY")),
            MasterKeyOld = Text("MASTER_KEY_OLD") is { } old ? ReadMasterKey("MASTER_KEY_OLD", old) : null,
            ControlPlaneUrl = ReadUrl("CONTROL_PLANE_URL", "http", "https") ?? new Uri("http://unset.invalid"),
            ControlPlaneToken = ReadRequired("CONTROL_PLANE_TOKEN"),
            GatewayId = ReadGatewayId(),
            LendsGrace = ReadFlag("GRACE"),
            AllowPrivateUpstreams = ReadFlag("ALLOW_PRIVATE_UPSTREAMS"),
            AllowInsecureUpstreams = ReadFlag("ALLOW_INSECURE_UPSTREAMS"),
            UpstreamCaFile = ReadFile("UPSTREAM_CA_FILE"),
            TrustedProxies = ReadRanges("TRUSTED_PROXIES"),
            LogLevel = ReadLogLevel(),
            AllowPrivateMedia = ReadFlag("ALLOW_PRIVATE_MEDIA"),
            MediaBytesMax = ReadNumber("MEDIA_BYTES_MAX", 10 << 20, 1 << 10, 256 << 20),
            MediaBytesInAllMax = ReadNumber("MEDIA_BYTES_IN_ALL_MAX", 20 << 20, 1 << 10, 256 << 20),
            MediaTimeout = ReadSeconds("MEDIA_SECONDS", 10),
            BodyBytesMax = ReadNumber("BODY_BYTES_MAX", 20 << 20, 1 << 10, 1 << 30),
            ConnectTimeout = ReadSeconds("CONNECT_SECONDS", 10),
            FirstByteTimeout = ReadSeconds("FIRST_BYTE_SECONDS", 120),
            UnstreamedTimeout = ReadSeconds("UNSTREAMED_SECONDS", 600),
            IdleTimeout = ReadSeconds("IDLE_SECONDS", 120),
            ClientWriteTimeout = ReadSeconds("CLIENT_WRITE_SECONDS", 60),
            DrainTimeout = ReadSeconds("DRAIN_SECONDS", 30),
        };
    }

    // An empty variable is an unset one: that is what compose files and unit files make of a missing value.
    private string? Text(string name) => _environment(Prefix + name) is { Length: > 0 } text ? text : null;

    private void Fault(string name, string sentence) => _faults.Add($"{Prefix}{name} {sentence}");

    private string ReadRequired(string name)
    {
        var text = Text(name);
        if (text is null)
        {
            Fault(name, "is not set; it is required.");
        }

        return text ?? "";
    }

    private IPEndPoint ReadBind()
    {
        var text = Text("GATEWAY_BIND") ?? $"127.0.0.1:{DefaultPort}";
        var readable = text.StartsWith("localhost:", StringComparison.Ordinal) ? $"127.0.0.1{text[9..]}"
            : text.StartsWith("*:", StringComparison.Ordinal) ? $"[::]{text[1..]}" : text;
        if (readable.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(readable, out var bind))
        {
            return bind;
        }

        Fault("GATEWAY_BIND", $"is '{text}'; it must be address:port, such as 127.0.0.1:8080.");
        return new IPEndPoint(IPAddress.Loopback, DefaultPort);
    }

    private string ReadRedisUrl()
    {
        var text = ReadRequired("REDIS_URL");
        if (text.Length > 0 && !RedisOptions.TryParse(text, out _, out var fault))
        {
            Fault("REDIS_URL", $"is not usable: {fault}");
        }

        return text;
    }

    // The value may hold a password and is therefore not repeated in the fault.
    private Uri? ReadUrl(string name, params ReadOnlySpan<string> schemes)
    {
        var text = ReadRequired(name);
        if (text.Length == 0)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url.Host.Length > 0)
        {
            return url;
        }

        Fault(name, $"is no valid {string.Join(":// or ", schemes.ToArray())}:// address.");
        return null;
    }

    private byte[] ReadMasterKey(string name, string text)
    {
        var key = new byte[32];
        var room = new byte[Math.Max(32, text.Length)];
        if (text.Length > 0 && (!Convert.TryFromBase64String(text, room, out var length) || length != key.Length))
        {
            Fault(name, "must be base64 of exactly 32 bytes.");
            return key;
        }

        if (text.Length > 0 && !room.AsSpan(0, key.Length).ContainsAnyExcept((byte)0))
        {
            Fault(name, "is all zero bytes; make a random one: openssl rand -base64 32.");
        }

        room.AsSpan(0, key.Length).CopyTo(key);
        return key;
    }

    private string ReadGatewayId()
    {
        var text = Text("GATEWAY_ID");
        var id = text ?? Environment.MachineName;
        if (id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
        {
            return id;
        }

        Fault("GATEWAY_ID", $"is '{id}'; it must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
        return "unset";
    }

    private bool ReadFlag(string name)
    {
        var text = Text(name);
        switch (text?.ToLowerInvariant())
        {
            case null or "false" or "0" or "no":
                return false;
            case "true" or "1" or "yes":
                return true;
            default:
                Fault(name, $"is '{text}'; it must be true or false.");
                return false;
        }
    }

    private string ReadFile(string name)
    {
        var path = Text(name) ?? "";
        if (path.Length > 0 && !File.Exists(path))
        {
            Fault(name, $"is '{path}', which is no file.");
        }

        return path;
    }

    private List<AddressRange> ReadRanges(string name)
    {
        const StringSplitOptions Tidy = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        List<AddressRange> ranges = [];
        foreach (var part in (Text(name) ?? "").Split(',', Tidy))
        {
            if (AddressRange.TryParse(part, out var range))
            {
                ranges.Add(range);
            }
            else
            {
                Fault(name, $"has '{part}', which is no address or CIDR range.");
            }
        }

        return ranges;
    }

    private LogLevel ReadLogLevel()
    {
        var text = Text("LOG_LEVEL") ?? nameof(LogLevel.Information);
        if (!char.IsAsciiDigit(text[0]) && Enum.TryParse<LogLevel>(text, ignoreCase: true, out var level))
        {
            return level;
        }

        Fault("LOG_LEVEL", $"is '{text}'; it must be trace, debug, information, warning, error, critical or none.");
        return LogLevel.Information;
    }

    private int ReadNumber(string name, int fallback, int least, int most) =>
        (int)ReadNumber(name, (long)fallback, least, most);

    private long ReadNumber(string name, long fallback, long least, long most)
    {
        var text = Text(name);
        if (text is null)
        {
            return fallback;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most)
        {
            return value;
        }

        Fault(name, $"is '{text}'; it must be a whole number from {least} to {most}.");
        return fallback;
    }

    private TimeSpan ReadSeconds(string name, int fallback) =>
        TimeSpan.FromSeconds(ReadNumber(name, fallback, 1, 3600));
}
