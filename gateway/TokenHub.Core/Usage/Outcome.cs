namespace TokenHub.Core.Usage;

/// <summary>
/// How a request ended; decides whether its hold is settled or refunded. Values are stored: never renumber.
/// </summary>
public enum Outcome : byte
{
    None = 0,

    /// <summary>The answer reached its proper end: settle the usage.</summary>
    Completed = 1,

    /// <summary>The client left after content had been served: settle what was served.</summary>
    ClientCut = 2,

    /// <summary>The client left before any content came: refund.</summary>
    ClientCancelled = 3,

    /// <summary>The upstream failed before any content: refund.</summary>
    UpstreamErrorBeforeContent = 4,

    /// <summary>
    /// The upstream failed, stopped or was cut after content had been served: settle what was served.
    /// </summary>
    UpstreamErrorAfterContent = 5,

    /// <summary>The upstream answered without content or usage: refund.</summary>
    Empty = 6,

    /// <summary>
    /// The gateway died in mid-request; found again at its restart: settle what the in-flight table shows.
    /// </summary>
    Interrupted = 7,

    /// <summary>The balance ended in mid-stream: settle what was served.</summary>
    FundsExhausted = 8,

    /// <summary>Of an attempt only: another one was faster. Costs the platform, never the user.</summary>
    LosingHedge = 9,
}

public static class OutcomeRules
{
    /// <summary>True when the tokens served are charged; false when the whole hold goes back.</summary>
    public static bool IsCharged(this Outcome outcome) => outcome is Outcome.Completed or Outcome.ClientCut
        or Outcome.UpstreamErrorAfterContent or Outcome.Interrupted or Outcome.FundsExhausted;
}
