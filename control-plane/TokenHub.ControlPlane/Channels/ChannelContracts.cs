using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Quota;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Channels;

/// <summary>A channel as the API shows it; its credential is never part of it.</summary>
internal sealed record ChannelView
{
    public required string Id { get; init; }

    /// <summary>Null when the platform itself owns the channel.</summary>
    public string? OwnerUserId { get; init; }

    public required string Name { get; init; }
    [Allowed("openai", "anthropic", "gemini", "deepseek", "openai_compatible", "azure", "bedrock", "vertex")]
    public required string Provider { get; init; }
    public required string BaseUrl { get; init; }
    [Allowed("api_key", "oauth_refresh", "aws", "google_service_account", "entra")]
    public required string CredentialType { get; init; }
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>Name asked for, to name sent upstream.</summary>
    public required IReadOnlyDictionary<string, string> ModelMap { get; init; }

    public required IReadOnlyList<string> Groups { get; init; }
    public required int Weight { get; init; }

    /// <summary>Channels of a higher priority are tried first.</summary>
    public required int Priority { get; init; }

    /// <summary>The owner's part of each charge, in hundredths of a per cent.</summary>
    public required int OwnerShareBp { get; init; }

    public int? MaxConcurrency { get; init; }

    /// <summary>Requests a minute over all gateways; null: no limit.</summary>
    public int? Rpm { get; init; }

    /// <summary>Tokens a minute over all gateways; null: no limit.</summary>
    public int? Tpm { get; init; }

    public required IReadOnlyList<QuotaWindow> Windows { get; init; }
    public FireSale? FireSale { get; init; }
    public Surge? Surge { get; init; }

    /// <summary>
    /// What happens to the upstream when a client leaves: <c>cancel</c> breaks it off, <c>drain</c> reads on within
    /// bounds to learn the usage, for upstreams that bill the whole answer anyway.
    /// </summary>
    [Allowed("cancel", "drain")]
    public required string OnClientAbort { get; init; }

    /// <summary>False holds reports of output to half to twice the gateway's own count.</summary>
    public required bool TrustsUsage { get; init; }

    /// <summary>
    /// The protocols that the upstream offers, of <c>chat</c>, <c>responses</c> and <c>messages</c>; empty stands for
    /// what is usual of its provider.
    /// </summary>
    public required IReadOnlyList<string> Apis { get; init; }

    /// <summary>Azure's api-version; with a date in it calls go to classic deployments.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Names of the headers that the channel sends of its own; their values are never shown.</summary>
    public required IReadOnlyList<string> HeaderNames { get; init; }

    [Allowed("active", "disabled", "deleted")]
    public required string Status { get; init; }

    public required bool Enabled { get; init; }
    public required long Version { get; init; }
    public required DateTime CreatedAt { get; init; }
}

/// <summary>
/// How much a channel may be used in a period. Exactly one limit is set; the first window is the main one.
/// </summary>
internal sealed record QuotaWindow
{
    public Usd? LimitUsd { get; init; }

    /// <summary>In points, at what one is worth by the settings; a dollar when they do not say.</summary>
    public Usd? LimitPoints { get; init; }

    public long? LimitTokens { get; init; }
    public long? LimitRequests { get; init; }

    [Allowed("minute", "hour", "day", "week", "month")]
    public required string PeriodUnit { get; init; }

    public int? PeriodCount { get; init; }

    /// <summary>A moment at which a period begins.</summary>
    public DateTime? AnchorAt { get; init; }

    /// <summary>IANA name of the zone in which periods are counted; UTC when left out.</summary>
    public string? Timezone { get; init; }
}

/// <summary>A new channel.</summary>
internal sealed record CreateChannel
{
    public required string Name { get; init; }

    [Allowed("openai", "anthropic", "gemini", "deepseek", "openai_compatible", "azure", "bedrock", "vertex")]
    public required string Provider { get; init; }

    /// <summary>Address without the protocol's own path, such as <c>https://api.openai.com</c>.</summary>
    public required string BaseUrl { get; init; }

    public required ChannelCredential Credential { get; init; }
    public required IReadOnlyList<string> Models { get; init; }
    public IReadOnlyDictionary<string, string>? ModelMap { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public int? Weight { get; init; }
    public int? Priority { get; init; }
    public int? OwnerShareBp { get; init; }
    public int? MaxConcurrency { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public IReadOnlyList<QuotaWindow>? Windows { get; init; }
    public FireSale? FireSale { get; init; }
    public Surge? Surge { get; init; }

    [Allowed("cancel", "drain")]
    public string? OnClientAbort { get; init; }

    /// <summary>Only an admin can say false, or true again.</summary>
    public bool? TrustsUsage { get; init; }

    /// <summary>
    /// The protocols that the upstream offers, of <c>chat</c>, <c>responses</c> and <c>messages</c>. Left out: chat and
    /// responses for OpenAI and Azure, chat for whatever resembles them.
    /// </summary>
    public IReadOnlyList<string>? Apis { get; init; }

    /// <summary>Azure's api-version, such as 2024-10-21 for classic deployments.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>Headers to be sent with each call, up to 16; sealed like the credential.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    /// <summary>Who owns the channel; admins only. Left out: an admin makes the platform's, a member his own.</summary>
    public string? OwnerUserId { get; init; }
}

/// <summary>A change of a channel; fields that are left out stay. The owner cannot be changed.</summary>
internal sealed record UpdateChannel
{
    public string? Name { get; init; }
    public string? BaseUrl { get; init; }
    public ChannelCredential? Credential { get; init; }
    public IReadOnlyList<string>? Models { get; init; }
    public IReadOnlyDictionary<string, string>? ModelMap { get; init; }
    public IReadOnlyList<string>? Groups { get; init; }
    public int? Weight { get; init; }
    public int? Priority { get; init; }
    public int? OwnerShareBp { get; init; }
    public int? MaxConcurrency { get; init; }
    public int? Rpm { get; init; }
    public int? Tpm { get; init; }
    public IReadOnlyList<QuotaWindow>? Windows { get; init; }
    public FireSale? FireSale { get; init; }
    public Surge? Surge { get; init; }

    [Allowed("cancel", "drain")]
    public string? OnClientAbort { get; init; }

    /// <summary>Only an admin can change it.</summary>
    public bool? TrustsUsage { get; init; }

    public IReadOnlyList<string>? Apis { get; init; }

    /// <summary>Null takes it away.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>All headers anew; an empty value keeps the one that is stored under the name.</summary>
    public IReadOnlyDictionary<string, string>? Headers { get; init; }

    [Allowed("active", "disabled")]
    public string? Status { get; init; }
    public bool? Enabled { get; init; }
}

/// <summary>
/// How the upstream is told who is calling. <c>type</c> says which of the other fields belong to it; sent in, never
/// out.
/// </summary>
internal sealed record ChannelCredential
{
    [Allowed("api_key", "oauth_refresh", "aws", "google_service_account", "entra")]
    public required string Type { get; init; }

    public string? ApiKey { get; init; }
    public string? TokenUrl { get; init; }
    public string? ClientId { get; init; }
    public string? ClientSecret { get; init; }
    public string? RefreshToken { get; init; }
    public string? Scope { get; init; }
    public string? AccessKeyId { get; init; }
    public string? SecretAccessKey { get; init; }
    public string? SessionToken { get; init; }
    public string? Region { get; init; }
    public string? ClientEmail { get; init; }
    public string? PrivateKey { get; init; }
    public string? PrivateKeyId { get; init; }
    public string? TokenUri { get; init; }
    public string? ProjectId { get; init; }
    public string? TenantId { get; init; }
}

/// <summary>Which model to try a channel with.</summary>
internal sealed record TestChannel
{
    public required string Model { get; init; }
}

/// <summary>The models that an upstream says it has.</summary>
internal sealed record UpstreamModels
{
    public required bool Ok { get; init; }

    /// <summary>In order of their ids.</summary>
    public required IReadOnlyList<UpstreamModelView> Models { get; init; }

    /// <summary>The upstream's status, when there was an answer.</summary>
    public int? Status { get; init; }

    public string? Error { get; init; }
}

internal sealed record UpstreamModelView
{
    /// <summary>What a channel's model map would name.</summary>
    public required string Id { get; init; }

    public string? Name { get; init; }
}

/// <summary>What came of the try.</summary>
internal sealed record ChannelTestResult
{
    public required bool Ok { get; init; }

    /// <summary>Milliseconds to the first content; null when none came.</summary>
    public long? TtftMs { get; init; }

    /// <summary>The upstream's status, when there was an answer.</summary>
    public int? Status { get; init; }

    public string? Error { get; init; }
}
