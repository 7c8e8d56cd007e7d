using TokenHub.Core.Requests;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>The close of a request as a gateway's log has it.</summary>
internal sealed record CloseRecord(long Lsn, RequestId Rid, long Account, long Key, long Tokens, long Cost);

/// <summary>A request under way as the in-flight table has it.</summary>
internal sealed class Slot(RequestId rid, long account, long key, long hold)
{
    public RequestId Rid => rid;

    public long Account => account;

    public long Key => key;

    public long Hold { get; set; } = hold;

    public long Tokens { get; set; }

    public bool IsExtending { get; set; }

    public bool IsRefused { get; set; }

    /// <summary>Tokens after which the client hangs up; more than any stream has when it stays.</summary>
    public long CutAfter { get; init; }
}

/// <summary>An answer of the till, or that the connection was lost before it.</summary>
internal sealed record TillAnswer(bool IsLost, object[] Values)
{
    public static TillAnswer Lost { get; } = new(true, []);

    public TillCode Code => (TillCode)(long)Values[0];

    public long First => (long)Values[1];
}

internal static class Prices
{
    public const long UnitsPerToken = 10;
    public const int ChunkTokensMax = 4;
    public const int SlotsPerAccount = 6;
    public const long FirstHold = 30 * UnitsPerToken;
    public const long HoldTtlMs = 90_000;

    /// <summary>What a balance may go below zero: each slot by one event of its stream.</summary>
    public const long OverrunMax = SlotsPerAccount * ChunkTokensMax * UnitsPerToken;
}
