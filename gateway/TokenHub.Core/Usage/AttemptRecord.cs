namespace TokenHub.Core.Usage;

/// <summary>
/// One try at one channel, with what it used there. The sum over attempts is what upstreams bill; the user's charge is
/// the record's own, and stands once however many attempts there were.
/// </summary>
public readonly record struct AttemptRecord(long Channel, int Status, AttemptFault Fault, int ElapsedMs)
{
    /// <summary>How this attempt ended, by the same classes as a request; never None in a record of format 2.</summary>
    public Outcome Outcome { get; init; }

    /// <summary>The price version in force for this attempt's channel; 0 when none applied.</summary>
    public long PriceVersion { get; init; }

    /// <summary>What the upstream served in this attempt, whether or not anyone is charged for it.</summary>
    public TokenUsage Usage { get; init; }

    /// <summary>Milliseconds from the attempt's start to its first content; -1 when none came.</summary>
    public int FirstTokenMs { get; init; } = -1;

    /// <summary>True when <see cref="Usage"/> is the gateway's own count.</summary>
    public bool IsCounted { get; init; }
}
