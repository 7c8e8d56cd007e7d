using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Keys;

/// <summary>What a key is limited to, checked and in the form in which it is stored.</summary>
internal sealed record KeyScope
{
    public required string Name { get; init; }
    public string[] Models { get; init; } = [];
    public long[] Channels { get; init; } = [];
    public string[] Groups { get; init; } = [];
    public DateTime? ExpiresAt { get; init; }
    public Usd? SpendLimit { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public int? MaxConcurrency { get; init; }
    public string[] IpAllow { get; init; } = [];
    public string Unsupported { get; init; } = "drop";
    public string Status { get; init; } = "active";
}
