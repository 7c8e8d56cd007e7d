using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Routing;

/// <summary>Why no channel was found.</summary>
internal enum RoutingFault : byte
{
    None = 0,
    UnknownModel,

    /// <summary>There is no such group, or none for this caller: he is not told which.</summary>
    UnknownGroup,

    /// <summary>The key may not use this model.</summary>
    ModelNotAllowed,
    Unpriced,

    /// <summary>The model is served, but by nobody who has such a call.</summary>
    OtherProtocol,

    /// <summary>Every channel that serves it is outside the key's scope or the group asked for.</summary>
    OutOfScope,

    /// <summary>Channels that should serve it cannot: unreadable credential, unsupported provider.</summary>
    NoneUsable,

    /// <summary>The quota of every channel that may serve it is used up.</summary>
    Exhausted,
}

/// <summary>Room three's answer, beside the plan.</summary>
internal readonly record struct RoutingResult(RoutingFault Fault, ModelRoute? Route, int RetryAfterMs = 0)
{
    public GatewayError ToError() => Fault switch
    {
        RoutingFault.None => default,
        RoutingFault.UnknownModel => new(GatewayFault.ModelUnknown, Param: "model"),
        RoutingFault.UnknownGroup => new(GatewayFault.GroupUnknown),
        RoutingFault.ModelNotAllowed => new(GatewayFault.ModelNotAllowed, Param: "model"),
        RoutingFault.Unpriced => new(GatewayFault.ModelUnpriced, Param: "model"),
        RoutingFault.OtherProtocol => new(GatewayFault.OtherProtocol, Param: "model"),
        RoutingFault.OutOfScope => new(GatewayFault.ChannelsOutOfScope),
        RoutingFault.Exhausted => new(GatewayFault.ChannelsExhausted, RetryAfterMs: RetryAfterMs),
        _ => new(GatewayFault.NoChannel, Route?.ChannelFault is { } fault
            ? $"No channel can serve this model: {fault}."
            : null),
    };
}

/// <summary>What a request brings to the choice.</summary>
/// <param name="Group">The group that the path names, or null.</param>
internal readonly record struct RoutingQuery(
    Dialect Dialect, string? Group, KeyEntry Key, Endpoint Endpoint = Endpoint.Unknown)
{
    /// <summary>On the gateway's monotonic clock.</summary>
    public long Now { get; init; }

    /// <summary>The conversation, which may be bound to a channel.</summary>
    public AffinityMatch Affinity { get; init; }

    /// <summary>Tokens by which prices are compared.</summary>
    public long InputTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>What an hour of waiting is worth, in units.</summary>
    public long WaitUnitsPerHour { get; init; } = new RoutingRules().WaitUnitsPerHour;
}
