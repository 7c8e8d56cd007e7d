using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Requests;

/// <summary>One try at one channel: what the upstream served and bills, and what the user is charged for it.</summary>
public sealed record RequestAttempt
{
    public required int No { get; init; }
    public required long Channel { get; init; }

    /// <summary>Account of the channel's owner, or 0 for the platform.</summary>
    public long OwnerAccount { get; init; }

    public required int Status { get; init; }
    public required AttemptFault Fault { get; init; }

    /// <summary>None in requests posted before attempts had rows of their own.</summary>
    public Outcome Outcome { get; init; }

    public required int ElapsedMs { get; init; }

    /// <summary>From the attempt's start to its first content; null when none came, or it is not known.</summary>
    public int? FirstTokenMs { get; init; }

    public long PriceVersion { get; init; }
    public bool IsCounted { get; init; }
    public TokenUsage Usage { get; init; }

    /// <summary>What the upstream bills.</summary>
    public Usd Cost { get; init; }

    /// <summary>What the user is charged: the whole cost of the request on the attempt that served.</summary>
    public Usd Charge { get; init; }
}

/// <summary>A row of <c>usage_attempts</c>.</summary>
internal sealed record AttemptRow
{
    public Guid Rid { get; init; }
    public short No { get; init; }
    public long ChannelId { get; init; }
    public long OwnerAccountId { get; init; }
    public long PriceId { get; init; }
    public int Status { get; init; }
    public short Fault { get; init; }
    public short Outcome { get; init; }
    public int ElapsedMs { get; init; }
    public bool IsCounted { get; init; }
    public long Input { get; init; }
    public long CacheRead { get; init; }
    public long CacheWrite5m { get; init; }
    public long CacheWrite1h { get; init; }
    public long CacheWriteOther { get; init; }
    public long Output { get; init; }
    public long Reasoning { get; init; }
    public long ToolUsePrompt { get; init; }
    public long Images { get; init; }
    public long AudioMs { get; init; }
    public long Characters { get; init; }
    public int FirstTokenMs { get; init; } = -1;
    public long CostUnits { get; init; }
    public long ChargeUnits { get; init; }

    public TokenUsage Usage => new()
    {
        Input = Input,
        CacheRead = CacheRead,
        CacheWrite5m = CacheWrite5m,
        CacheWrite1h = CacheWrite1h,
        CacheWriteOther = CacheWriteOther,
        Output = Output,
        Reasoning = Reasoning,
        ToolUsePrompt = ToolUsePrompt,
        Media = new MediaUnits(Images, AudioMs, Characters),
    };

    public RequestAttempt ToAttempt() => new()
    {
        No = No,
        Channel = ChannelId,
        OwnerAccount = OwnerAccountId,
        Status = Status,
        Fault = (AttemptFault)Fault,
        Outcome = (Outcome)Outcome,
        ElapsedMs = ElapsedMs,
        FirstTokenMs = FirstTokenMs < 0 ? null : FirstTokenMs,
        PriceVersion = PriceId,
        IsCounted = IsCounted,
        Usage = Usage,
        Cost = new Usd(CostUnits),
        Charge = new Usd(ChargeUnits),
    };
}

/// <summary>
/// An attempt as it stands in <c>usage_events.attempts</c> of requests posted before attempts had rows of their own.
/// </summary>
internal sealed record OldAttempt(long Channel, int Status, AttemptFault Fault, int ElapsedMs)
{
    public static IReadOnlyList<RequestAttempt> Read(string json) =>
    [
        .. (JsonSerializer.Deserialize(json, LedgerJsonContext.Default.OldAttemptArray) ?? [])
            .Select((attempt, place) => new RequestAttempt
            {
                No = place + 1,
                Channel = attempt.Channel,
                Status = attempt.Status,
                Fault = attempt.Fault,
                ElapsedMs = attempt.ElapsedMs,
            }),
    ];
}
