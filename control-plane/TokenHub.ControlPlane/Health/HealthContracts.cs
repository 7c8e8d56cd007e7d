using TokenHub.ControlPlane.OpenApi;

namespace TokenHub.ControlPlane.Health;

/// <summary>Half an hour of a channel.</summary>
internal sealed record HealthWindowView
{
    public required DateTime StartsAt { get; init; }

    /// <summary>
    /// <c>none</c> when nothing is known; <c>degraded</c> when slow, or when some attempts failed; <c>down</c> when
    /// none was served.
    /// </summary>
    [Allowed("none", "available", "empty", "degraded", "down")]
    public required string Status { get; init; }

    /// <summary>Attempts that were served.</summary>
    public required long Available { get; init; }

    /// <summary>Of these, attempts that were slow to begin.</summary>
    public required long Slow { get; init; }

    /// <summary>Attempts that were answered with nothing.</summary>
    public required long Empty { get; init; }

    public required long Failed { get; init; }

    /// <summary>Attempts that were refused because of the channel's credential or account.</summary>
    public required long Down { get; init; }

    /// <summary>Average time to first token, of streams that ended well and said something.</summary>
    public required long? TtftMs { get; init; }

    /// <summary>The status is only what a scheduled probe found: no real call was made.</summary>
    public required bool IsProbed { get; init; }
}

/// <summary>
/// Half hours in a row in which a channel was not simply available; those without a call end nothing.
/// </summary>
internal sealed record HealthIncidentView
{
    public required DateTime StartsAt { get; init; }

    /// <summary>When it was available again; null while that was not seen.</summary>
    public required DateTime? EndsAt { get; init; }

    /// <summary>The worst of them.</summary>
    [Allowed("empty", "degraded", "down")]
    public required string Status { get; init; }

    /// <summary>Attempts that were not served.</summary>
    public required long NotServed { get; init; }
}

/// <summary>A day of a channel, as its real calls have shown it.</summary>
internal sealed record ChannelHealthView
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    /// <summary>Of the last half hour of which something is known.</summary>
    [Allowed("none", "available", "empty", "degraded", "down")]
    public required string Status { get; init; }

    /// <summary>Average time to first token over the day.</summary>
    public required long? TtftMs { get; init; }

    /// <summary>Of the day, the latest first.</summary>
    public required IReadOnlyList<HealthIncidentView> Incidents { get; init; }

    /// <summary>48 half hours, the oldest first.</summary>
    public required IReadOnlyList<HealthWindowView> Windows { get; init; }
}
