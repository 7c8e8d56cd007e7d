using System.Text.Json.Serialization;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Prices;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Usage;

/// <summary>One request that held money, as a list shows it.</summary>
internal record RequestView
{
    public required string Id { get; init; }
    public required string UserId { get; init; }
    public required string KeyId { get; init; }

    /// <summary>The channel that served it, or the last one tried; null when none was reached.</summary>
    public string? ChannelId { get; init; }

    public required string Model { get; init; }

    [Allowed("none", "chat", "responses", "anthropic", "gemini")]
    public required string Protocol { get; init; }

    /// <summary>How it ended, which decides whether it is charged.</summary>
    [Allowed(
        "completed", "client_cut", "client_cancelled", "upstream_error_before_content", "upstream_error_after_content",
        "empty", "interrupted", "funds_exhausted")]
    public required string Outcome { get; init; }

    /// <summary>False when the hold went back whole.</summary>
    public required bool IsCharged { get; init; }

    public required bool IsStream { get; init; }

    /// <summary>True when the gateway counted the tokens itself.</summary>
    public required bool IsCounted { get; init; }

    /// <summary>The HTTP status that the client saw.</summary>
    public required int Status { get; init; }

    public required DateTime StartedAt { get; init; }
    public int? FirstTokenMs { get; init; }
    public required int DurationMs { get; init; }
    public required int AttemptCount { get; init; }
    public required Usd Hold { get; init; }
    public required Usd Cost { get; init; }
    public required UsageView Usage { get; init; }
}

/// <summary>Tokens by class. <c>input</c> counts every prompt token, the cached ones included.</summary>
internal sealed record UsageView
{
    public required long Input { get; init; }
    public required long CacheRead { get; init; }

    [JsonPropertyName("cache_write_5m")]
    public required long CacheWrite5m { get; init; }

    [JsonPropertyName("cache_write_1h")]
    public required long CacheWrite1h { get; init; }

    public required long CacheWriteOther { get; init; }
    public required long Output { get; init; }
    public required long Reasoning { get; init; }
    public required long ToolUsePrompt { get; init; }

    /// <summary>Pictures made.</summary>
    public required long Images { get; init; }

    /// <summary>Milliseconds of sound heard or made.</summary>
    public required long AudioMs { get; init; }

    /// <summary>Characters of text read aloud.</summary>
    public required long Characters { get; init; }
}

/// <summary>By what the price was multiplied, as decimal numbers: <c>1.2</c>; <c>1</c> changes nothing.</summary>
internal sealed record FactorsView
{
    /// <summary>The channel group's own.</summary>
    public required string Group { get; init; }

    /// <summary>For scarcity.</summary>
    public required string Surge { get; init; }

    /// <summary>Off, before an owner's quota lapses.</summary>
    public required string FireSale { get; init; }
}

/// <summary>Why a request went where it went.</summary>
internal sealed record RouteView
{
    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public required string Policy { get; init; }

    /// <summary>What decided for the first channel.</summary>
    [Allowed(
        "none", "only_one", "priority", "weight", "load", "price", "order", "bound", "switched", "last_resort",
        "caller", "own_protocol")]
    public required string Reason { get; init; }

    /// <summary>Channels that serve the model at all; of these were left out:</summary>
    public required int Serving { get; init; }

    /// <summary>Outside the key's scope or the group.</summary>
    public required int OutOfScope { get; init; }

    /// <summary>Have no such call.</summary>
    public required int OtherCall { get; init; }

    /// <summary>Were resting after a failure.</summary>
    public required int Cooling { get; init; }

    /// <summary>Had a quota window used up.</summary>
    public required int Exhausted { get; init; }

    /// <summary>Had no slot free.</summary>
    public required int Full { get; init; }
}

/// <summary>One request with everything that explains its charge.</summary>
internal sealed record RequestDetailView : RequestView
{
    public required string UpstreamId { get; init; }

    /// <summary>
    /// Where the charged usage comes from: the upstream's report, or the gateway's own count of what it passed on.
    /// </summary>
    [Allowed("reported", "counted")]
    public required string UsageSource { get; init; }

    /// <summary>What happens at this channel when the client leaves in the middle of an answer.</summary>
    [Allowed("cancel", "drain")]
    public required string AbortPolicy { get; init; }

    /// <summary>
    /// What was odd in the reported usage: <c>impossible</c>, <c>decreasing</c>, <c>beyond_limit</c>, <c>far_off</c>,
    /// <c>clamped</c>, <c>other_model</c>, <c>mixed_models</c>; <c>drained</c> when it was read on to learn it.
    /// </summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The hold, then <c>settle</c> or <c>refund</c>, then <c>correction</c>s.</summary>
    public required IReadOnlyList<StageView> Stages { get; init; }

    public required IReadOnlyList<AttemptView> Attempts { get; init; }

    /// <summary>The classes that were charged, in the order of the formula.</summary>
    public required IReadOnlyList<ChargedClassView> Classes { get; init; }

    public required FactorsView Factors { get; init; }

    /// <summary>Null for a request of before this was kept, or one that was found again after a crash.</summary>
    public required RouteView? Route { get; init; }

    /// <summary>The price version; null when the request was refunded before it had one.</summary>
    public required AppliedPriceView? Price { get; init; }

    /// <summary>
    /// What the same usage costs at the list price of the model's maker; null where none is known, or nothing charged.
    /// </summary>
    public Usd? ListCost { get; init; }

    /// <summary>
    /// <c>list_cost</c> less <c>cost</c>; below zero where scarcity made the call dearer than the list.
    /// </summary>
    public Usd? Saving { get; init; }

    /// <summary>Plain arithmetic that comes to <c>cost</c>.</summary>
    public required string Formula { get; init; }

    /// <summary>Money given back afterwards, oldest first.</summary>
    public required IReadOnlyList<CorrectionView> Corrections { get; init; }

    /// <summary>The sum of the corrections.</summary>
    public required Usd Refunded { get; init; }

    /// <summary><c>cost</c> less <c>refunded</c>.</summary>
    public required Usd NetCost { get; init; }

    /// <summary>Who owns the channel; shown to admins and auditors.</summary>
    public string? OwnerUserId { get; init; }

    public required int OwnerShareBp { get; init; }
    public required Usd OwnerPart { get; init; }
    public required Usd PlatformPart { get; init; }
}

/// <summary>What was held, charged or given back, and when.</summary>
internal sealed record StageView(string Name, Usd Amount, DateTime At);

/// <summary>One try at one channel.</summary>
internal sealed record AttemptView
{
    public required int No { get; init; }
    public required string? ChannelId { get; init; }
    public required int Status { get; init; }
    public required string Fault { get; init; }

    /// <summary>How it ended, as a request does; or <c>losing_hedge</c>: another one was faster.</summary>
    [Allowed(
        "none", "completed", "client_cut", "client_cancelled", "upstream_error_before_content",
        "upstream_error_after_content", "empty", "interrupted", "funds_exhausted", "losing_hedge")]
    public required string Outcome { get; init; }

    public required int ElapsedMs { get; init; }

    /// <summary>From the attempt's start to its first content; null when none came.</summary>
    public int? FirstTokenMs { get; init; }

    [Allowed("reported", "counted")]
    public required string UsageSource { get; init; }

    /// <summary>What the upstream served in this attempt, whether or not anyone is charged for it.</summary>
    public required UsageView Usage { get; init; }

    public string? PriceId { get; init; }

    /// <summary>What the upstream bills for it; shown to admins and auditors.</summary>
    public Usd? UpstreamCost { get; init; }

    /// <summary>What the user is charged: all of the cost on the attempt that served, nothing on others.</summary>
    public required Usd Charge { get; init; }
}

/// <summary>Gives money back for a charged request.</summary>
internal sealed record CreateCorrection
{
    /// <summary>Dollars to give back: above zero, and with earlier corrections at most the cost.</summary>
    public required Usd Amount { get; init; }

    /// <summary>A request is corrected once for one reason: the same again does nothing.</summary>
    public required string Reason { get; init; }
}

/// <summary>Money given back for a request, taken from those who were paid in proportion to what each got.</summary>
internal sealed record CorrectionView
{
    public required string RequestId { get; init; }

    /// <summary>From 1, for each request.</summary>
    public required int Seq { get; init; }

    public required Usd Amount { get; init; }
    public required Usd OwnerPart { get; init; }
    public required Usd PlatformPart { get; init; }
    public required string Reason { get; init; }

    /// <summary>Shown to admins and auditors.</summary>
    public string? CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }
}

/// <summary>What was used of one class, and its price.</summary>
internal sealed record ChargedClassView
{
    [Allowed(
        "input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "characters", "images", "audio")]
    public required string Name { get; init; }

    /// <summary>Tokens, characters, pictures, or milliseconds of sound.</summary>
    public required long Quantity { get; init; }

    /// <summary>The price of <c>per</c> of it.</summary>
    public required Usd Price { get; init; }

    public required long Per { get; init; }

    /// <summary>The quantity, where it is of tokens.</summary>
    public long? Tokens { get; init; }

    /// <summary>The price, where it is of tokens.</summary>
    public Usd? PricePerMillion { get; init; }
}

/// <summary>The price version with every rate spelt out.</summary>
internal sealed record AppliedPriceView : PriceRates
{
    public required string Id { get; init; }
}
