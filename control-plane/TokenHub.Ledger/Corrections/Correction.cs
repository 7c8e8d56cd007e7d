using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Ledger.Corrections;

/// <summary>Money given back for a request after it was charged.</summary>
public sealed record Correction
{
    public required RequestId RequestId { get; init; }

    /// <summary>From 1, in the order in which they were posted.</summary>
    public required int Seq { get; init; }

    public required Usd Amount { get; init; }
    public required Usd OwnerPart { get; init; }
    public required Usd PlatformPart { get; init; }
    public required string Reason { get; init; }
    public long? CreatedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

public enum CorrectionOutcome
{
    Posted = 1,

    /// <summary>This request was corrected for this reason before, by this amount: nothing was done.</summary>
    Repeated = 2,

    UnknownRequest = 3,

    /// <summary>This request was corrected for this reason before, by another amount.</summary>
    OtherAmount = 4,

    /// <summary>More than what is left of the cost, or nothing at all.</summary>
    AmountOutOfRange = 5,

    /// <summary>There are as many corrections of this request as can be counted.</summary>
    TooMany = 6,
}

/// <summary>
/// What came of it. <see cref="Correction"/> is there when it was posted, now or before. <see cref="Left"/> is what
/// could still be given back.
/// </summary>
public sealed record CorrectionResult(
    CorrectionOutcome Outcome, Correction? Correction, Usd Left, long Account, long Owner, long Key);

/// <summary>A row of <c>corrections</c>.</summary>
internal sealed record CorrectionRow
{
    public Guid Rid { get; init; }
    public short Seq { get; init; }
    public long AmountUnits { get; init; }
    public long OwnerUnits { get; init; }
    public long PlatformUnits { get; init; }
    public string Reason { get; init; } = "";
    public long? CreatedBy { get; init; }
    public DateTime CreatedAt { get; init; }

    public Correction ToCorrection() => new()
    {
        RequestId = RequestId.FromGuid(Rid),
        Seq = Seq,
        Amount = new Usd(AmountUnits),
        OwnerPart = new Usd(OwnerUnits),
        PlatformPart = new Usd(PlatformUnits),
        Reason = Reason,
        CreatedBy = CreatedBy,
        CreatedAt = CreatedAt,
    };
}
