using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Errors;

/// <summary>Turns a failure into status, kind and sentence. Nothing else decides what a caller is told.</summary>
internal static class ErrorTable
{
    private const int SoonMs = 1000;

    /// <param name="Retry">What <c>x-should-retry</c> says; null leaves it to the status.</param>
    public readonly record struct Row(
        ErrorKind Kind, int Status, string Message, int RetryAfterMs = 0, bool? Retry = null);

    public static ApiError ToApiError(Dialect dialect, in GatewayError error, string requestId)
    {
        var row = Of(error.Fault);
        var kind = error.Kind ?? row.Kind;
        var status = error.Status != 0 ? error.Status
            : row.Status != 0 && error.Kind is null ? row.Status
            : ErrorWords.Of(dialect, kind).Status;
        return new ApiError(
            status, kind, error.Detail ?? row.Message, requestId, error.Param, error.Code,
            error.RetryAfterMs > 0 ? error.RetryAfterMs : row.RetryAfterMs);
    }

    /// <summary>Status 0 stands for the one that the kind has in the dialect.</summary>
    public static Row Of(GatewayFault fault) => fault switch
    {
        GatewayFault.UnknownPath => new(ErrorKind.NotFound, 404, "There is nothing at this path."),
        GatewayFault.WrongMethod => new(ErrorKind.MethodNotAllowed, 405, "This path is not called with this method."),
        GatewayFault.UpgradeRequired => new(
            ErrorKind.InvalidRequest, 426, "WebSockets are not offered here; send POST /v1/responses."),
        GatewayFault.BodyTooLarge => new(ErrorKind.TooLarge, 413, "The request body is too large."),
        GatewayFault.BodyBroken => new(ErrorKind.InvalidRequest, 400, "The request body did not arrive whole."),
        GatewayFault.BadRequest => new(ErrorKind.InvalidRequest, 400, "The request is not valid."),
        GatewayFault.BadPathModel => new(
            ErrorKind.InvalidRequest, 400, "The model in the path must be 1 to 128 characters of A-Z a-z 0-9 . _ -"),
        GatewayFault.KeyMissing => new(
            ErrorKind.BadKey, 401,
            "No API key was sent. Send sk-hub-... as a bearer token in the Authorization header."),
        GatewayFault.KeyMalformed => new(
            ErrorKind.BadKey, 401, "The API key is not valid: it must be a whole TokenHub key, sk-hub-..., unchanged."),
        GatewayFault.KeyUnknown => new(ErrorKind.BadKey, 401, "The API key is not valid: there is no such key."),
        GatewayFault.KeyDisabled => new(ErrorKind.BadKey, 401, "The API key is not valid: it is disabled."),
        GatewayFault.KeyExpired => new(ErrorKind.BadKey, 401, "The API key is not valid: it has expired."),
        GatewayFault.UserDisabled => new(
            ErrorKind.Forbidden, 403, "The account that this API key belongs to is disabled."),
        GatewayFault.AddressNotAllowed => new(
            ErrorKind.Forbidden, 403, "This API key may not be used from your address."),
        GatewayFault.ModelNotAllowed => new(ErrorKind.Forbidden, 403, "This API key may not use this model."),
        GatewayFault.ModelUnknown => new(ErrorKind.UnknownModel, 404, "There is no such model."),
        GatewayFault.GroupUnknown => new(ErrorKind.NotFound, 404, "There is no channel group of this name."),
        GatewayFault.ModelUnpriced => new(
            ErrorKind.InvalidRequest, 400, "This model has no price and cannot be used yet."),
        GatewayFault.OtherProtocol => new(ErrorKind.UnknownModel, 404, "This model is not offered at this path."),
        GatewayFault.ChannelsOutOfScope => new(
            ErrorKind.Forbidden, 403, "None of the channels that serve this model may be used with this API key."),
        GatewayFault.AccountDisabled => new(ErrorKind.Forbidden, 403, "The account is disabled or unknown."),
        GatewayFault.Internal => new(ErrorKind.Server, 500, "The gateway failed."),
        _ => OfCapacity(fault),
    };

    private static Row OfCapacity(GatewayFault fault) => fault switch
    {
        GatewayFault.KeyUncheckable => new(
            ErrorKind.Overloaded, 503, "The API key cannot be checked at the moment; try again.", SoonMs),
        GatewayFault.NoChannel => new(
            ErrorKind.Overloaded, 503, "No channel can serve this model at the moment.", SoonMs),
        GatewayFault.ChannelsBusy => new(
            ErrorKind.Overloaded, 503, "All channels that serve this model are busy; try again.", SoonMs),
        GatewayFault.ChannelsExhausted => new(
            ErrorKind.RateLimit, 429, "The quota of every channel that serves this model is used up.", SoonMs),
        GatewayFault.QueueShare => new(
            ErrorKind.RateLimit, 429, "Too many requests of this account wait for a channel already.", SoonMs),
        GatewayFault.Draining => new(ErrorKind.Overloaded, 503, "The gateway is shutting down; try again.", SoonMs),
        GatewayFault.MoneyUnavailable => new(
            ErrorKind.Overloaded, 503, "The balance cannot be checked at the moment; try again.", SoonMs),
        GatewayFault.LogUnavailable => new(
            ErrorKind.Overloaded, 503, "The gateway cannot record usage at the moment; try again.", SoonMs),
        GatewayFault.TooManyOpen => new(
            ErrorKind.Overloaded, 503, "The gateway has too many requests open; try again.", SoonMs),
        GatewayFault.Funds => new(
            ErrorKind.InsufficientFunds, 0, "The balance does not cover this request.", Retry: false),
        GatewayFault.KeyCap => new(
            ErrorKind.InsufficientFunds, 0, "This API key's spend limit does not cover this request.", Retry: false),
        GatewayFault.Rate => new(
            ErrorKind.RateLimit, 429, "The rate limit of this API key or its user is reached.", SoonMs),
        GatewayFault.Concurrency => new(
            ErrorKind.RateLimit, 429, "Too many requests of this account or API key are open at once.", SoonMs),
        GatewayFault.UpstreamFailed => new(ErrorKind.BadGateway, 502, "The upstream failed to answer."),
        GatewayFault.UpstreamTimeout => new(ErrorKind.Timeout, 504, "The upstream did not answer in time."),
        GatewayFault.UpstreamOverloaded => new(ErrorKind.Overloaded, 0, "The upstream is overloaded.", SoonMs),
        GatewayFault.UpstreamRateLimit => new(
            ErrorKind.RateLimit, 429, "The upstream's rate limit is reached.", SoonMs),
        GatewayFault.UpstreamRefusedChannel => new(
            ErrorKind.Overloaded, 503, "No channel can serve this model at the moment.", SoonMs),
        GatewayFault.UpstreamRefusedRequest => new(ErrorKind.InvalidRequest, 400, "The upstream refused the request."),
        GatewayFault.UpstreamCut => new(
            ErrorKind.BadGateway, 502, "The upstream broke off in the middle of its answer."),
        GatewayFault.Untranslatable => new(
            ErrorKind.InvalidRequest, 400, "The request cannot be put into the protocol of the model's upstream."),
        _ => new(ErrorKind.Server, 500, "The gateway failed."),
    };
}
