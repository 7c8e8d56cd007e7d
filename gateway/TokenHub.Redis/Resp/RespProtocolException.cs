namespace TokenHub.Redis.Resp;

/// <summary>
/// The peer sent bytes that are not RESP, or more than the limits allow. The connection cannot go on.
/// </summary>
internal sealed class RespProtocolException(string message)
    : RedisUnavailableException(RedisFault.Protocol, message);
