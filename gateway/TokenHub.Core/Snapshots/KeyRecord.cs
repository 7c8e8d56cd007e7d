namespace TokenHub.Core.Snapshots;

/// <summary>
/// What a gateway knows of one client key. Stored in Redis under <c>key:{sha-256 of the secret, hex}</c> and served by
/// the control plane on a miss; the secret itself is nowhere.
/// </summary>
public sealed record KeyRecord
{
    public required long Id { get; init; }
    public required long Account { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>False when the key's user is suspended: the key then answers like a disabled one.</summary>
    public required bool UserEnabled { get; init; }

    /// <summary>Names or patterns; empty means every model.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>Channel ids; empty means every channel.</summary>
    public IReadOnlyList<long> Channels { get; init; } = [];

    /// <summary>Names of channel groups; empty means every group that the account may use.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    public long? ExpiresAtMs { get; init; }

    /// <summary>Most that this key may spend in its life, in units.</summary>
    public long? SpendLimit { get; init; }

    /// <summary>Requests per minute.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens per minute.</summary>
    public int? Tpm { get; init; }

    /// <summary>Requests this key may have open at once.</summary>
    public int? MaxConcurrency { get; init; }

    /// <summary>Requests all keys of the user may have open at once.</summary>
    public int UserMaxConcurrency { get; init; } = DefaultUserMaxConcurrency;

    /// <summary>Requests a minute of all keys of the user together.</summary>
    public int? UserRpm { get; init; }

    /// <summary>Tokens a minute of all keys of the user together.</summary>
    public int? UserTpm { get; init; }

    /// <summary>The user's part of full channels, against those of other users.</summary>
    public int UserWeight { get; init; } = 1;

    /// <summary>Addresses or CIDR ranges; empty means any.</summary>
    public IReadOnlyList<string> IpAllow { get; init; } = [];

    /// <summary>
    /// What becomes of members of a request that its upstream's protocol cannot carry: <c>error</c> refuses it, null
    /// leaves them out and names them.
    /// </summary>
    public string? Unsupported { get; init; }

    public const int DefaultUserMaxConcurrency = 50;

    public const string UnsupportedIsError = "error";
}
