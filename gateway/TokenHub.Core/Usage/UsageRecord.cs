using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Usage;

/// <summary>
/// The durable account of one request that held money: written to the gateway's log when the request ends, copied to
/// the Redis outbox, turned into a usage row and postings by the ledger. <see cref="RequestId"/> makes it exactly-once.
/// </summary>
public sealed record UsageRecord
{
    public required RequestId RequestId { get; init; }
    public required long Account { get; init; }
    public required long Key { get; init; }

    /// <summary>The channel that served the answer, or the last one tried; 0 when none was reached.</summary>
    public required long Channel { get; init; }

    /// <summary>Account of the channel's owner, or 0 for the platform.</summary>
    public long OwnerAccount { get; init; }

    public int OwnerShareBp { get; init; }
    public required long PriceVersion { get; init; }

    /// <summary>By what the price was multiplied for the charge; an upstream's own bill knows no factors.</summary>
    public PriceFactors Factors { get; init; }

    /// <summary>Why the request went where it went.</summary>
    public RouteTrace Route { get; init; }

    /// <summary>The model asked for.</summary>
    public required string Model { get; init; }

    public required Dialect Dialect { get; init; }
    public required Outcome Outcome { get; init; }
    public bool IsStream { get; init; }

    /// <summary>True when the gateway counted the tokens itself because the upstream reported none.</summary>
    public bool IsCounted { get; init; }

    /// <summary>What was found odd in the usage that the upstream reported.</summary>
    public UsageNotes Notes { get; init; }

    /// <summary>The channel's policy for a client that leaves, as it was when the request ended.</summary>
    public AbortPolicy AbortPolicy { get; init; }

    /// <summary>HTTP status the client saw; 0 when it had left before one was sent.</summary>
    public int Status { get; init; }

    public required long StartedMs { get; init; }

    /// <summary>Milliseconds from start to the first content; -1 when none came.</summary>
    public int FirstTokenMs { get; init; } = -1;

    public int DurationMs { get; init; }

    /// <summary>The whole amount held, steps included.</summary>
    public required Usd Hold { get; init; }

    /// <summary>The charge; 0 is a refund of the whole hold.</summary>
    public required Usd Cost { get; init; }

    /// <summary>What is charged. An attempt's own usage, charged or not, stands with the attempt.</summary>
    public TokenUsage Usage { get; init; }

    /// <summary>
    /// The upstream's own id of the answer, at most <see cref="UpstreamIdBytesMax"/> bytes, or empty.
    /// </summary>
    public string UpstreamId { get; init; } = "";

    /// <summary>At most <see cref="AttemptsMax"/>, in order.</summary>
    public IReadOnlyList<AttemptRecord> Attempts { get; init; } = [];

    public const int ModelBytesMax = 128;
    public const int UpstreamIdBytesMax = 64;
    public const int AttemptsMax = 8;
}
