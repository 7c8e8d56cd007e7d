using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Errors;

/// <summary>Everything a request can be refused or fail with. <see cref="ErrorTable"/> gives each its words.</summary>
internal enum GatewayFault : byte
{
    None = 0,
    UnknownPath,
    WrongMethod,
    UpgradeRequired,
    BodyTooLarge,
    BodyBroken,
    BadRequest,
    BadPathModel,
    KeyMissing,
    KeyMalformed,
    KeyUnknown,
    KeyDisabled,
    KeyExpired,
    UserDisabled,
    AddressNotAllowed,
    KeyUncheckable,
    ModelNotAllowed,
    ModelUnknown,
    ModelUnpriced,
    GroupUnknown,
    OtherProtocol,
    ChannelsOutOfScope,
    NoChannel,
    ChannelsBusy,
    ChannelsExhausted,
    QueueShare,
    Draining,
    MoneyUnavailable,
    LogUnavailable,
    TooManyOpen,
    Funds,
    KeyCap,
    Rate,
    Concurrency,
    AccountDisabled,
    UpstreamFailed,
    UpstreamTimeout,
    UpstreamOverloaded,
    UpstreamRateLimit,
    UpstreamRefusedChannel,
    UpstreamRefusedRequest,
    UpstreamCut,
    Untranslatable,
    Internal,
}

/// <summary>An expected failure: which, with what the caller may know of it.</summary>
/// <param name="Detail">A sentence that takes the place of the usual one.</param>
/// <param name="Param">The request's field at fault.</param>
/// <param name="RetryAfterMs">When to try again; 0 says nothing.</param>
/// <param name="Status">In place of the usual status; 0 for the usual one.</param>
/// <param name="Kind">In place of the usual kind; null for the usual one.</param>
/// <param name="Code">In place of the kind's usual code, where the dialect has codes.</param>
internal readonly record struct GatewayError(
    GatewayFault Fault,
    string? Detail = null,
    string? Param = null,
    int RetryAfterMs = 0,
    int Status = 0,
    ErrorKind? Kind = null,
    string? Code = null)
{
    public bool IsNone => Fault == GatewayFault.None;
}
