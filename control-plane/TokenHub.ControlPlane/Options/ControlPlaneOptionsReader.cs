using System.Net;
using System.Security.Cryptography;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Users;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Options;

/// <summary>
/// Reads the options from the environment. Every fault is found before any is reported, and no fault repeats a value:
/// it may be a secret.
/// </summary>
internal sealed class ControlPlaneOptionsReader
{
    private const int SecretLengthMin = 16;
    private readonly Func<string, string?> _environment;
    private readonly List<string> _faults = [];

    private ControlPlaneOptionsReader(Func<string, string?> environment) => _environment = environment;

    /// <summary>Null when there are faults.</summary>
    public static ControlPlaneOptions? Read(Func<string, string?> environment, out IReadOnlyList<string> faults)
    {
        var reader = new ControlPlaneOptionsReader(environment);
        var options = reader.Read();
        faults = reader._faults;
        return reader._faults.Count == 0 ? options : null;
    }

    /// <summary>
    /// For verification: the database, and where heads of its chain are kept. Without a master key their signatures are
    /// not looked at.
    /// </summary>
    public static VerifyOptions? ReadVerify(Func<string, string?> environment, out IReadOnlyList<string> faults)
    {
        var reader = new ControlPlaneOptionsReader(environment);
        var key = reader.Value("MASTER_KEY");
        var options = new VerifyOptions(
            reader.ReadDatabase(), reader.ReadDataDir(), key is null ? null : reader.ReadMasterKey("MASTER_KEY", key),
            reader.ReadMasterKeyOld());
        faults = reader._faults;
        return reader._faults.Count == 0 ? options : null;
    }

    /// <summary>Database and both master keys, for the change from one to the other.</summary>
    public static RotationOptions? ReadRotation(
        Func<string, string?> environment, out IReadOnlyList<string> faults)
    {
        var reader = new ControlPlaneOptionsReader(environment);
        var options = new RotationOptions(
            reader.ReadDatabase(),
            reader.ReadMasterKey("MASTER_KEY", reader.Required("MASTER_KEY")),
            reader.ReadMasterKey("MASTER_KEY_OLD", reader.Required("MASTER_KEY_OLD")));
        if (reader._faults.Count == 0 && options.MasterKey.AsSpan().SequenceEqual(options.MasterKeyOld))
        {
            reader.Fault("MASTER_KEY_OLD", "is the same as the new key");
        }

        faults = reader._faults;
        return reader._faults.Count == 0 ? options : null;
    }

    /// <summary>Database and Redis, for commands that work on both.</summary>
    public static (string Database, RedisOptions Redis)? ReadServers(
        Func<string, string?> environment, out IReadOnlyList<string> faults)
    {
        var reader = new ControlPlaneOptionsReader(environment);
        var (database, redis) = (reader.ReadDatabase(), reader.ReadRedis());
        faults = reader._faults;
        return reader._faults.Count == 0 ? (database, redis!) : null;
    }

    private ControlPlaneOptions Read()
    {
        var database = ReadDatabase();
        var redis = ReadRedis();
        var masterKey = ReadMasterKey("MASTER_KEY", Required("MASTER_KEY"));
        var planeToken = ReadPlaneToken();
        return new ControlPlaneOptions
        {
            DatabaseConnection = database,
            MigrationConnection = Value("MIGRATION_DATABASE_URL") is { } owner
                ? ReadDatabase("MIGRATION_DATABASE_URL", owner)
                : null,
            Redis = redis!,
            MasterKey = masterKey,
            MasterKeyOld = ReadMasterKeyOld(),
            SessionSecret = ReadSessionSecret(masterKey),
            PlaneToken = planeToken,
            MetricsToken = ReadMetricsToken(),
            DataDir = ReadDataDir(),
            ConsoleBind = ReadBind(),
            AdminEmail = ReadAdminEmail(),
            AdminPassword = ReadAdminPassword(),
            AllowPrivateUpstreams = ReadFlag("ALLOW_PRIVATE_UPSTREAMS"),
            AllowInsecureUpstreams = ReadFlag("ALLOW_INSECURE_UPSTREAMS"),
            TrustedProxies = ReadNetworks(),
            CorsOrigins = ReadOrigins(),
            ConsoleFiles = Value("CONSOLE_FILES"),
            LogLevel = ReadLogLevel(),
        };
    }

    private string? Value(string name)
    {
        var value = _environment(OptionVariable.Prefix + name);
        return string.IsNullOrWhiteSpace(value) ? null : value.Trim();
    }

    private string? Required(string name)
    {
        var value = Value(name);
        if (value is null)
        {
            Fault(name, "is required");
        }

        return value;
    }

    private void Fault(string name, string what) => _faults.Add($"{OptionVariable.Prefix}{name} {what}");

    private string ReadDatabase() =>
        Required("DATABASE_URL") is { } url ? ReadDatabase("DATABASE_URL", url) : "";

    private string ReadDatabase(string name, string url)
    {
        if (DatabaseUrl.TryParse(url, out var connection))
        {
            return connection;
        }

        Fault(name, "must look like postgres://user:password@host:port/database");
        return "";
    }

    private RedisOptions? ReadRedis()
    {
        if (Required("REDIS_URL") is not { } url)
        {
            return null;
        }

        if (RedisOptions.TryParse(url, out var options, out var fault))
        {
            // A web server's own threads do the work here; the socket's thread is left to read.
            return options with { ContinuesInline = false };
        }

        Fault("REDIS_URL", $"is not usable: {fault}");
        return null;
    }

    private string ReadDataDir() => Path.GetFullPath(Value("DATA_DIR") ?? ControlPlaneOptions.DefaultDataDir);

    private byte[]? ReadMasterKeyOld() =>
        Value("MASTER_KEY_OLD") is { } text ? ReadMasterKey("MASTER_KEY_OLD", text) : null;

    private byte[] ReadMasterKey(string name, string? text)
    {
        if (text is null)
        {
            return [];
        }

        var key = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, key, out var length) || length != 32)
        {
            Fault(name, "must be 32 bytes in base64 (make one with: openssl rand -base64 32)");
            return [];
        }

        if (key.AsSpan(0, length).IndexOfAnyExcept(key[0]) < 0)
        {
            Fault(name, "is one byte repeated; make a random one with: openssl rand -base64 32");
        }

        return key[..length];
    }

    private byte[] ReadSessionSecret(byte[] masterKey)
    {
        if (Value("SESSION_SECRET") is not { } text)
        {
            return HMACSHA256.HashData(masterKey, "tokenhub session secret"u8);
        }

        if (text.Length < SecretLengthMin)
        {
            Fault("SESSION_SECRET", $"must have {SecretLengthMin} characters or more");
        }

        return SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private string ReadPlaneToken()
    {
        var token = Required("CONTROL_PLANE_TOKEN");
        if (token is not null && token.Length < SecretLengthMin)
        {
            Fault("CONTROL_PLANE_TOKEN", $"must have {SecretLengthMin} characters or more");
        }

        return token ?? "";
    }

    private string? ReadMetricsToken()
    {
        var token = Value("METRICS_TOKEN");
        if (token is { Length: < SecretLengthMin })
        {
            Fault("METRICS_TOKEN", $"must have {SecretLengthMin} characters or more");
        }

        return token;
    }

    private IPEndPoint ReadBind()
    {
        var text = Value("CONSOLE_BIND") ?? ControlPlaneOptions.DefaultConsoleBind;
        if (BindAddress.TryParse(text, out var endPoint))
        {
            return endPoint;
        }

        Fault("CONSOLE_BIND", "must be an address and a port, such as 127.0.0.1:8090 or [::]:8090");
        return new IPEndPoint(IPAddress.Loopback, 0);
    }

    private string ReadAdminEmail()
    {
        var text = Value("ADMIN_EMAIL") ?? ControlPlaneOptions.DefaultAdminEmail;
        if (!UserRules.TryNormalizeEmail(text, out var email))
        {
            Fault("ADMIN_EMAIL", "must be an e-mail address");
        }

        return email;
    }

    private string? ReadAdminPassword()
    {
        // Not trimmed: what is typed at the sign-in is compared as it stands.
        var password = _environment(OptionVariable.Prefix + "ADMIN_PASSWORD");
        if (string.IsNullOrEmpty(password))
        {
            return null;
        }

        if (PasswordRules.FaultOf(password) is { } fault)
        {
            Fault("ADMIN_PASSWORD", fault);
        }

        return password;
    }

    private bool ReadFlag(string name)
    {
        switch (Value(name)?.ToLowerInvariant())
        {
            case null or "false" or "0":
                return false;
            case "true" or "1":
                return true;
            default:
                Fault(name, "must be true or false");
                return false;
        }
    }

    private List<IPNetwork> ReadNetworks()
    {
        var networks = new List<IPNetwork>();
        foreach (var part in Parts("TRUSTED_PROXIES"))
        {
            if (NetworkText.TryParse(part, out var network))
            {
                networks.Add(network);
            }
            else
            {
                Fault("TRUSTED_PROXIES", "must hold addresses or CIDR ranges, such as 10.0.0.0/8, separated by commas");
            }
        }

        return networks;
    }

    private List<string> ReadOrigins()
    {
        var origins = new List<string>();
        foreach (var part in Parts("CORS_ORIGINS"))
        {
            if (Uri.TryCreate(part, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                && uri.GetLeftPart(UriPartial.Authority).Equals(part.TrimEnd('/'), StringComparison.OrdinalIgnoreCase))
            {
                origins.Add(uri.GetLeftPart(UriPartial.Authority));
            }
            else
            {
                Fault("CORS_ORIGINS", "must hold origins, such as https://console.example.com, separated by commas");
            }
        }

        return origins;
    }

    private string[] Parts(string name) =>
        Value(name)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private LogLevel ReadLogLevel()
    {
        switch (Value("LOG_LEVEL")?.ToLowerInvariant())
        {
            case null or "information" or "info":
                return LogLevel.Information;
            case "trace":
                return LogLevel.Trace;
            case "debug":
                return LogLevel.Debug;
            case "warning" or "warn":
                return LogLevel.Warning;
            case "error":
                return LogLevel.Error;
            case "critical":
                return LogLevel.Critical;
            case "none":
                return LogLevel.None;
            default:
                Fault("LOG_LEVEL", "must be trace, debug, information, warning, error, critical or none");
                return LogLevel.Information;
        }
    }
}
