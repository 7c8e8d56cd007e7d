using TokenHub.Core.Usage;

namespace TokenHub.Core.Snapshots;

/// <summary>
/// What a gateway needs to serve besides keys and balances. Immutable; the control plane makes a new one for each
/// change and raises <see cref="Version"/>. Channel credentials in it are sealed (see <c>SecretBox</c>).
/// </summary>
public sealed record Snapshot
{
    public required long Version { get; init; }
    public required IReadOnlyList<ChannelEntry> Channels { get; init; }
    public required IReadOnlyList<PriceEntry> Prices { get; init; }

    /// <summary>Price of last resort for a model that no rule covers; absent means such a model is refused.</summary>
    public PriceEntry? FallbackPrice { get; init; }

    /// <summary>Groups that have settings of their own; others that channels name are as a new one would be.</summary>
    public IReadOnlyList<GroupEntry> Groups { get; init; } = [];

    /// <summary>In the order in which they are looked through.</summary>
    public IReadOnlyList<AffinityRule> AffinityRules { get; init; } = [];

    public RoutingRules Routing { get; init; } = new();

    public static Snapshot Empty { get; } = new() { Version = 0, Channels = [], Prices = [] };
}

/// <summary>One owner's access to one upstream.</summary>
public sealed record ChannelEntry
{
    public required long Id { get; init; }
    public required string Name { get; init; }
    public required Provider Provider { get; init; }

    /// <summary>
    /// Address without the protocol's own path: <c>https://api.openai.com</c>. A path in it is kept as a prefix.
    /// </summary>
    public required string BaseUrl { get; init; }

    public required string CredentialType { get; init; }

    /// <summary>
    /// The credential, sealed by <c>SecretBox</c> with <see cref="CredentialContext"/> as bound context.
    /// </summary>
    public required string SealedCredential { get; init; }

    /// <summary>Names or patterns of the models served.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Name asked for, to name sent upstream.</summary>
    public IReadOnlyDictionary<string, string> ModelMap { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Groups { get; init; } = [];
    public int Weight { get; init; } = 1;

    /// <summary>Channels of a higher priority are tried before those of a lower one.</summary>
    public int Priority { get; init; }

    /// <summary>Ledger account of the owner, or 0 when the platform itself owns the channel.</summary>
    public long OwnerAccount { get; init; }

    public int OwnerShareBp { get; init; }
    public int? MaxConcurrency { get; init; }

    /// <summary>Requests a minute; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute; null: no limit.</summary>
    public int? Tpm { get; init; }

    /// <summary>The first is the primary one; all hold.</summary>
    public IReadOnlyList<WindowEntry> Windows { get; init; } = [];

    public FireSaleEntry? FireSale { get; init; }
    public SurgeEntry? Surge { get; init; }

    /// <summary>Raised by each flush of the channel: conversations bound to it before are not bound any more.
    /// </summary>
    public long AffinityGeneration { get; init; }

    public AbortPolicy OnClientAbort { get; init; }

    /// <summary>
    /// False for an owner whose reports of output are held to the band of the gateway's own count.
    /// </summary>
    public bool TrustsUsage { get; init; } = true;

    /// <summary>The protocols that the upstream offers; empty stands for what is usual of its provider.</summary>
    public IReadOnlyList<ApiStyle> Apis { get; init; } = [];

    /// <summary>Azure's <c>api-version</c>; with a date in it calls go to classic deployments.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>
    /// Headers of the channel's own, a JSON object of names and values, sealed with <see cref="HeadersContext"/>: a
    /// value may be a secret. Null when there are none.
    /// </summary>
    public string? SealedHeaders { get; init; }

    /// <summary>
    /// What the sealed credential is bound to: a row copied to another channel or owner does not open.
    /// </summary>
    public string CredentialContext => $"channels/credential/{Id}/{OwnerAccount}";

    /// <summary>What the sealed headers are bound to.</summary>
    public string HeadersContext => $"channels/headers/{Id}/{OwnerAccount}";
}

/// <summary>
/// A price rule: units (1e-8 dollars) per million tokens for a model name or pattern, global or of one channel.
/// </summary>
public sealed record PriceEntry
{
    /// <summary>
    /// The price version. A changed price is a new entry with a new id; old ones stay readable in the ledger.
    /// </summary>
    public required long Id { get; init; }

    public long? ChannelId { get; init; }
    public required string Model { get; init; }
    public required long Input { get; init; }
    public required long Output { get; init; }
    public long? CacheRead { get; init; }
    public long? CacheWrite5m { get; init; }
    public long? CacheWrite1h { get; init; }

    /// <summary>Units for one picture; null: pictures are not priced.</summary>
    public long? Image { get; init; }

    /// <summary>Units for one minute of sound; null: sound is not priced.</summary>
    public long? AudioMinute { get; init; }

    /// <summary>Units for a million characters of text read aloud; null: they are not priced.</summary>
    public long? Characters { get; init; }

    /// <summary>Most prompt tokens the model takes; a report beyond it is not believed. Null: not known.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>
    /// Most tokens the model writes in one answer; a report beyond it is not believed. Null: not known.
    /// </summary>
    public long? OutputTokensMax { get; init; }

    public Money.Tariff ToTariff() =>
        new(Id, Input, Output, CacheRead ?? Input, CacheWrite5m ?? Input, CacheWrite1h ?? CacheWrite5m ?? Input)
        {
            Image = Image,
            AudioMinute = AudioMinute,
            Characters = Characters,
        };
}
