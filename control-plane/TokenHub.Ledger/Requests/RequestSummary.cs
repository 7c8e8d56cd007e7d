using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Requests;

/// <summary>One request in a list.</summary>
public record RequestSummary
{
    /// <summary>Text form of the request id.</summary>
    public required string RequestId { get; init; }

    public required long Account { get; init; }
    public required long Key { get; init; }
    public required long Channel { get; init; }
    public required string Model { get; init; }
    public required Dialect Dialect { get; init; }
    public required Outcome Outcome { get; init; }
    public bool IsStream { get; init; }
    public bool IsCounted { get; init; }
    public int Status { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public int? FirstTokenMs { get; init; }
    public int DurationMs { get; init; }
    public int AttemptCount { get; init; }

    /// <summary>What was odd in the usage that the upstream reported.</summary>
    public UsageNotes Notes { get; init; }

    public required Usd Hold { get; init; }
    public required Usd Cost { get; init; }
    public required TokenUsage Usage { get; init; }
}
