using TokenHub.ControlPlane.OpenApi;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Keys;

/// <summary>A client key as the API shows it; the secret is never part of it.</summary>
internal record KeyView
{
    public required string Id { get; init; }
    public required string UserId { get; init; }
    public required string Name { get; init; }

    /// <summary>First characters of the secret, to tell keys apart.</summary>
    public required string Shown { get; init; }

    /// <summary>Names or patterns such as <c>gpt-*</c>; empty means every model.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Channel ids; empty means every channel, later ones included.</summary>
    public required IReadOnlyList<string> Channels { get; init; }

    /// <summary>Names of channel groups; empty means every group that the user may use, and channels without one.
    /// </summary>
    public required IReadOnlyList<string> Groups { get; init; }

    public DateTime? ExpiresAt { get; init; }

    /// <summary>Most that the key may spend in its life.</summary>
    public Usd? SpendLimit { get; init; }

    public required Usd Spent { get; init; }

    /// <summary>Requests per minute.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens per minute.</summary>
    public int? Tpm { get; init; }

    public int? MaxConcurrency { get; init; }

    /// <summary>Addresses or CIDR ranges; empty means any.</summary>
    public required IReadOnlyList<string> IpAllow { get; init; }

    /// <summary>
    /// What becomes of request members that a model's upstream cannot take: left out and named in the header
    /// <c>x-tokenhub-dropped</c>, or refused with 400.
    /// </summary>
    [Allowed("drop", "error")]
    public required string Unsupported { get; init; }

    [Allowed("active", "disabled", "deleted")]
    public required string Status { get; init; }

    public required bool Enabled { get; init; }
    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>A key together with its secret: the only answer that ever holds it.</summary>
internal sealed record KeyWithSecret : KeyView
{
    /// <summary>The client key, <c>sk-hub-...</c>. It is shown once.</summary>
    public required string Secret { get; init; }
}

/// <summary>A new key. Limits that are left out do not limit.</summary>
internal sealed record CreateKey
{
    public required string Name { get; init; }

    /// <summary>For whom; admins only. Left out: for the caller.</summary>
    public string? UserId { get; init; }

    public IReadOnlyList<string>? Models { get; init; }
    public IReadOnlyList<string>? Channels { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public DateTime? ExpiresAt { get; init; }
    public Usd? SpendLimit { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? MaxConcurrency { get; init; }
    public IReadOnlyList<string>? IpAllow { get; init; }

    /// <summary>What becomes of request members that a model's upstream cannot take; <c>drop</c> unless set.</summary>
    [Allowed("drop", "error")]
    public string? Unsupported { get; init; }
}

/// <summary>A change of a key. Fields that are left out stay; a limit set to null no longer limits.</summary>
internal sealed record UpdateKey
{
    public string? Name { get; init; }
    public IReadOnlyList<string>? Models { get; init; }
    public IReadOnlyList<string>? Channels { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public DateTime? ExpiresAt { get; init; }
    public Usd? SpendLimit { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? MaxConcurrency { get; init; }
    public IReadOnlyList<string>? IpAllow { get; init; }

    /// <summary>What becomes of request members that a model's upstream cannot take; <c>drop</c> unless set.</summary>
    [Allowed("drop", "error")]
    public string? Unsupported { get; init; }

    [Allowed("active", "disabled")]
    public string? Status { get; init; }

    /// <summary>The same as <c>status</c>: true is active.</summary>
    public bool? Enabled { get; init; }
}
