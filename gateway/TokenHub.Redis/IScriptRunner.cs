using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis;

/// <summary>
/// The seam between what is asked of Redis and how it is reached: one server today, a Cluster's slot map or another
/// client library behind it later. All keys of one call carry one hash tag. Thread-safe.
/// </summary>
/// <remarks>
/// Continuations may run on the thread that reads the socket: nothing may block in them.
/// </remarks>
public interface IScriptRunner
{
    /// <summary>Begins a call of a script: add its keys, as many as its name says, then its arguments.</summary>
    public RespCall Begin(LuaScript script);

    /// <summary>Begins a plain command: add its keys and arguments.</summary>
    public RespCall Begin(ReadOnlySpan<byte> command);

    /// <summary>
    /// Sends a call that was begun here, once. Ends within the time-out, with a reply to be disposed, or with
    /// <see cref="RedisUnavailableException"/> or <see cref="OperationCanceledException"/>.
    /// </summary>
    public ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken);
}
