using TokenHub.ControlPlane.OpenApi;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Settings;

/// <summary>How gateways choose channels, retry, and bear with failures. What is left out is as usual.</summary>
internal record RoutingSettings
{
    /// <summary>How channels are chosen for calls that no group's own policy is for.</summary>
    [Allowed("weighted", "least_loaded", "cheapest", "fifo", "sticky")]
    public string? Policy { get; init; }

    /// <summary>Attempts for one request, 1 to 8.</summary>
    public int? AttemptsMax { get; init; }

    /// <summary>No further attempt begins so long after the first.</summary>
    public int? AttemptsWithinMs { get; init; }

    /// <summary>Failures in a row that open a channel's circuit.</summary>
    public int? BreakerFailures { get; init; }

    /// <summary>
    /// A circuit also opens when this share of the last attempts failed, in hundredths of a per cent.
    /// </summary>
    public int? BreakerShareBp { get; init; }

    /// <summary>Attempts below which the share says nothing.</summary>
    public int? BreakerSamples { get; init; }

    /// <summary>First rest of an open circuit; it doubles.</summary>
    public int? BreakerRestMs { get; init; }

    public int? BreakerRestMaxMs { get; init; }

    /// <summary>Longest rest that an upstream can ask for.</summary>
    public int? CooldownMaxMs { get; init; }

    /// <summary>First rest of a channel whose credential is refused; changing the credential ends it.</summary>
    public int? CredentialRestMs { get; init; }

    /// <summary>First rest of a channel whose account is used up and does not say until when.</summary>
    public int? QuotaRestMs { get; init; }

    /// <summary>Share of the running requests that may be retries, in hundredths of a per cent.</summary>
    public int? RetryShareBp { get; init; }

    /// <summary>Retries that may always run.</summary>
    public int? RetriesMin { get; init; }

    /// <summary>In groups that hedge, a second attempt begins no earlier.</summary>
    public int? HedgeMinMs { get; init; }

    /// <summary>The same, no later.</summary>
    public int? HedgeMaxMs { get; init; }

    /// <summary>Requests that may wait in front of full channels at one gateway.</summary>
    public int? QueueMax { get; init; }

    /// <summary>Of these, requests of one user.</summary>
    public int? QueueUserMax { get; init; }

    /// <summary>Longest wait there.</summary>
    public int? QueueWaitMs { get; init; }

    /// <summary>
    /// A first token is slow from so many times its channel's usual time; the second slow one unbinds a conversation.
    /// </summary>
    public int? SlowFirstTokenTimes { get; init; }

    /// <summary>
    /// What an hour of a caller's waiting is worth when a conversation may leave its channel and its cached prompt.
    /// </summary>
    public Usd? WaitUsdPerHour { get; init; }

    /// <summary>Channels are probed on schedule.</summary>
    public bool? Probes { get; init; }

    public int? ProbeEverySeconds { get; init; }
}

/// <summary>The settings in force, none left out.</summary>
internal sealed record RoutingSettingsView : RoutingSettings
{
    /// <summary>Rises with each change; 0 as long as nothing was ever set.</summary>
    public required long Version { get; init; }
}
