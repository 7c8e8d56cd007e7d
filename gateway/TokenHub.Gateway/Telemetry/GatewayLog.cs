using Microsoft.Extensions.Logging;

namespace TokenHub.Gateway.Telemetry;

/// <summary>All that the gateway logs, numbered by room in hundreds. Never a body, never a key.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1, LogLevel.Information, "Serving on {Address} as gateway {GatewayNo}, boot {BootNo}.")]
    public static partial void Serving(ILogger log, string address, int gatewayNo, int bootNo);

    [LoggerMessage(2, LogLevel.Information, "Draining: {Running} requests are running.")]
    public static partial void Draining(ILogger log, long running);

    [LoggerMessage(
        3, LogLevel.Information, "Stopped. Requests cut off: {CutOff}; everything acknowledged: {IsAcknowledged}.")]
    public static partial void Stopped(ILogger log, long cutOff, bool isAcknowledged);

    [LoggerMessage(4, LogLevel.Warning, "Waiting: {Reason}")]
    public static partial void Waiting(ILogger log, string reason);

    [LoggerMessage(5, LogLevel.Critical, "The background task {Name} ended; the gateway stops.")]
    public static partial void BackgroundEnded(ILogger log, string name, Exception? error);

    [LoggerMessage(6, LogLevel.Information, "Recovered {Requests} requests that a former process left open.")]
    public static partial void Recovered(ILogger log, int requests);

    [LoggerMessage(10, LogLevel.Error, "Request {RequestId} failed in the gateway itself.")]
    public static partial void Failed(ILogger log, string requestId, Exception error);

    [LoggerMessage(11, LogLevel.Critical, "Request {RequestId} ended without closing its hold.")]
    public static partial void Leaked(ILogger log, string requestId, Exception error);

    [LoggerMessage(301, LogLevel.Debug, "Bindings of conversations could not be read or written: {Reason}")]
    public static partial void BindingsAway(ILogger log, string reason);

    [LoggerMessage(401, LogLevel.Critical, "The till refused request {RequestId} as our own mistake: {Code}.")]
    public static partial void TillConflict(ILogger log, string requestId, string code);

    [LoggerMessage(501, LogLevel.Warning, "Request {RequestId}: channel {Channel} failed: {Fault}, status {Status}.")]
    public static partial void AttemptFailed(ILogger log, string requestId, long channel, string fault, int status);

    [LoggerMessage(502, LogLevel.Debug, "What belongs to calls could not be kept or found: {Reason}")]
    public static partial void SideStoreAway(ILogger log, string reason);

    [LoggerMessage(510, LogLevel.Warning, "Channel {Channel} gets no token: {Reason}")]
    public static partial void TokenFailed(ILogger log, long channel, string reason);

    [LoggerMessage(511, LogLevel.Information, "The issuer has replaced the refresh token of channel {Channel}.")]
    public static partial void RefreshTokenReplaced(ILogger log, long channel);

    [LoggerMessage(
        512, LogLevel.Warning, "The replaced refresh token of channel {Channel} is not stored yet: {Reason}")]
    public static partial void RefreshTokenNotKept(ILogger log, long channel, string reason);

    [LoggerMessage(503, LogLevel.Debug, "Request {RequestId} could not be read for translation.")]
    public static partial void Unreadable(ILogger log, string requestId, Exception error);

    [LoggerMessage(504, LogLevel.Debug, "What a channel's circuit did could not be told to other gateways: {Reason}")]
    public static partial void CircuitsNotShared(ILogger log, string reason);

    [LoggerMessage(701, LogLevel.Debug, "Request {RequestId} ended: {Outcome}, cost {Cost} USD, {DurationMs} ms.")]
    public static partial void Settled(ILogger log, string requestId, string outcome, string cost, int durationMs);
}
