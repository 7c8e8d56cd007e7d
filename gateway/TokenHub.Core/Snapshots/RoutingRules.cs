using TokenHub.Core.Routing;

namespace TokenHub.Core.Snapshots;

/// <summary>What holds for the choice of channels everywhere; each number has its default here.</summary>
public sealed record RoutingRules
{
    /// <summary>How channels are chosen for calls without a group's prefix.</summary>
    public RoutingPolicy Policy { get; init; }

    /// <summary>Channels tried for one request, a hedge included; at most <see cref="AttemptsLimit"/>.</summary>
    public int AttemptsMax { get; init; } = 4;

    /// <summary>No further attempt begins so long after the first.</summary>
    public int AttemptsWithinMs { get; init; } = 120_000;

    /// <summary>Failures in a row that open a channel's circuit.</summary>
    public int BreakerFailures { get; init; } = 5;

    /// <summary>First rest of an open circuit; doubles with each further one up to <see cref="BreakerRestMaxMs"/>.
    /// </summary>
    public int BreakerRestMs { get; init; } = 5_000;

    public int BreakerRestMaxMs { get; init; } = 300_000;

    /// <summary>A circuit also opens when this share of the last attempts failed, in basis points, ...</summary>
    public int BreakerShareBp { get; init; } = 5_000;

    /// <summary>... of at least so many within the last 10 to 20 seconds.</summary>
    public int BreakerSamples { get; init; } = 20;

    /// <summary>First rest of a channel whose credential is refused; a changed credential ends it.</summary>
    public int CredentialRestMs { get; init; } = 600_000;

    /// <summary>First rest of a channel whose account is used up and does not say until when.</summary>
    public int QuotaRestMs { get; init; } = 900_000;

    /// <summary>Share of the running requests that may be retries without an answer yet, in basis points.</summary>
    public int RetryShareBp { get; init; } = 2_000;

    /// <summary>
    /// Such retries that may always run: a burst of some dozens that meets failing channels must not wait for its turn
    /// behind a retry that hangs.
    /// </summary>
    public int RetriesMin { get; init; } = 50;

    /// <summary>A hedge begins no earlier, however fast the channel usually is, ...</summary>
    public int HedgeMinMs { get; init; } = 200;

    /// <summary>... and no later, however slow.</summary>
    public int HedgeMaxMs { get; init; } = 10_000;

    /// <summary>Longest cooldown that a reset header of an upstream can ask for.</summary>
    public int CooldownMaxMs { get; init; } = 3_600_000;

    /// <summary>Requests that may wait in front of full channels at one gateway.</summary>
    public int QueueMax { get; init; } = 1_000;

    /// <summary>Of these, requests of one user.</summary>
    public int QueueUserMax { get; init; } = 500;

    /// <summary>Longest wait there.</summary>
    public int QueueWaitMs { get; init; } = 30_000;

    /// <summary>
    /// What an hour of a caller's waiting is worth when a conversation may leave its channel, in units of 1e-8 dollars:
    /// a cent a second.
    /// </summary>
    public long WaitUnitsPerHour { get; init; } = 3_600_000_000;

    /// <summary>
    /// A first token is slow from so many times its channel's usual time; the second slow one unbinds a conversation.
    /// </summary>
    public int SlowFirstTokenTimes { get; init; } = 4;

    /// <summary>Channels are probed on a schedule.</summary>
    public bool Probes { get; init; }

    /// <summary>How often, where they are.</summary>
    public int ProbeEverySeconds { get; init; } = 300;

    public const int AttemptsLimit = 8;

    // Steps of a plan that may turn out to be resting by then, or tried by another request, without costing an attempt.
    private const int SpareSteps = 2;

    /// <summary>Channels that a plan names for so many attempts.</summary>
    public static int StepsFor(int attempts) => Math.Clamp(attempts + SpareSteps, 1, AttemptsLimit);
}
