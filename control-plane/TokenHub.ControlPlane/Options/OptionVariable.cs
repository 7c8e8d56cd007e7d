using System.Text;
using TokenHub.ControlPlane.Commands;

namespace TokenHub.ControlPlane.Options;

/// <summary>One environment variable as <c>--help</c> shows it.</summary>
internal sealed record OptionVariable(string Name, string Default, string Meaning)
{
    public const string Prefix = "TOKENHUB_";

    /// <summary>Every variable that the control plane reads, in the order in which they are shown.</summary>
    public static IReadOnlyList<OptionVariable> All { get; } =
    [
        new("DATABASE_URL", "required", "PostgreSQL, as postgres://user:password@host:port/database"),
        new(
            "MIGRATION_DATABASE_URL",
            "none",
            "the same database as the owner of the schema; the role of DATABASE_URL then gets what it needs alone"),
        new(
            "REDIS_URL",
            "required",
            "Redis, as redis://[user:password@]host:port[,host:port...][/db][?mode=cluster|sentinel&master=name] or "
                + "rediss:// for TLS"),
        new("MASTER_KEY", "required", "seals channel credentials: 32 bytes in base64"),
        new("MASTER_KEY_OLD", "none", "the key of before, still accepted while 'keys rotate-master' is at work"),
        new("CONTROL_PLANE_TOKEN", "required", "what gateways show to the control plane: 16 characters or more"),
        new("METRICS_TOKEN", "none", "opens GET /metrics and nothing else: 16 characters or more"),
        new("DATA_DIR", ControlPlaneOptions.DefaultDataDir, "folder for the heads of the ledger's chain"),
        new("CONSOLE_BIND", ControlPlaneOptions.DefaultConsoleBind, "address and port of the console and its API"),
        new("ADMIN_EMAIL", ControlPlaneOptions.DefaultAdminEmail, "e-mail of the first admin, made when there is none"),
        new("ADMIN_PASSWORD", "generated", "password of the first admin; generated and printed once when unset"),
        new("SESSION_SECRET", "from MASTER_KEY", "16 characters or more; another value ends every session"),
        new("ALLOW_PRIVATE_UPSTREAMS", "false", "true lets channels reach loopback and private addresses"),
        new("ALLOW_INSECURE_UPSTREAMS", "false", "true lets channels use http instead of https"),
        new("TRUSTED_PROXIES", "none", "addresses or CIDR ranges whose X-Forwarded-* headers count, comma-separated"),
        new("CORS_ORIGINS", "none", "other origins whose pages may call the API with a token, comma-separated"),
        new("CONSOLE_FILES", "./console", "folder of the built console; by itself the one beside this program"),
        new("LOG_LEVEL", "information", "trace, debug, information, warning, error, critical or none"),
    ];

    public static string Help()
    {
        var text = new StringBuilder();
        text.AppendLine("TokenHub control plane: the API, the console and the ledger.");
        text.AppendLine();
        text.AppendLine("Usage:");
        text.AppendLine("  TokenHub.ControlPlane                            serve");
        foreach (var command in OperatorCommand.All)
        {
            text.Append("  TokenHub.ControlPlane ").Append(command.Usage.PadRight(27)).AppendLine(command.Meaning);
        }

        text.AppendLine("  TokenHub.ControlPlane --help                     this page");
        text.AppendLine();
        text.AppendLine("Environment variables (name, default, meaning):");
        var width = All.Max(v => v.Name.Length) + Prefix.Length + 2;
        foreach (var variable in All)
        {
            text.Append("  ").Append((Prefix + variable.Name).PadRight(width));
            text.Append(variable.Default.PadRight(18)).AppendLine(variable.Meaning);
        }

        return text.ToString();
    }
}
