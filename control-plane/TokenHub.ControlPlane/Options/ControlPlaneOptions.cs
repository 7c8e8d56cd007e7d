using System.Net;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Options;

/// <summary>All that the control plane is told from outside; read once, at the start.</summary>
internal sealed record ControlPlaneOptions
{
    /// <summary>Npgsql's own form of the database URL.</summary>
    public required string DatabaseConnection { get; init; }

    /// <summary>The schema's owner; null when the control plane runs as it.</summary>
    public string? MigrationConnection { get; init; }

    public required RedisOptions Redis { get; init; }

    public required byte[] MasterKey { get; init; }

    /// <summary>The master key of before, while secrets are sealed anew; else null.</summary>
    public byte[]? MasterKeyOld { get; init; }

    /// <summary>Keys the hashes under which sessions are stored; another one ends every session.</summary>
    public required byte[] SessionSecret { get; init; }

    public required string PlaneToken { get; init; }

    /// <summary>Opens the metrics and nothing else; null: the gateways' token alone does.</summary>
    public string? MetricsToken { get; init; }

    /// <summary>Where heads of the ledger's chain are kept; null: nowhere.</summary>
    public string? DataDir { get; init; }

    public required IPEndPoint ConsoleBind { get; init; }

    public string AdminEmail { get; init; } = DefaultAdminEmail;

    /// <summary>Null: generated and printed once.</summary>
    public string? AdminPassword { get; init; }

    public bool AllowPrivateUpstreams { get; init; }

    public bool AllowInsecureUpstreams { get; init; }

    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>Folder of the built console; null: <c>console</c> beside the program.</summary>
    public string? ConsoleFiles { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Nothing of it: a record would print its secrets.</summary>
    public override string ToString() => nameof(ControlPlaneOptions);

    public const string DefaultAdminEmail = "admin@localhost";
    public const string DefaultDataDir = "./.tokenhub";
    public const string DefaultConsoleBind = "127.0.0.1:8090";
}
