namespace TokenHub.Redis;

/// <summary>
/// Why Redis did not do what was asked. Only <see cref="TimedOut"/> and <see cref="ConnectionLost"/> leave it open
/// whether it was done after all.
/// </summary>
public enum RedisFault
{
    None = 0,
    NotConnected,
    ConnectionLost,
    QueueFull,
    TimedOut,
    Loading,
    Busy,
    ReadOnly,
    OutOfMemory,
    Moved,
    TryAgain,
    ClusterDown,
    AccessDenied,
    Protocol,
    ServerError,
}

/// <summary>The one exception of this library: Redis could not be asked, or answered with an error.</summary>
public class RedisUnavailableException : Exception
{
    public RedisUnavailableException(RedisFault fault, string message, Exception? inner = null)
        : base(message, inner)
    {
        Fault = fault;
    }

    public RedisUnavailableException()
    {
    }

    public RedisUnavailableException(string message)
        : base(message)
    {
    }

    public RedisUnavailableException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public RedisFault Fault { get; }
}
