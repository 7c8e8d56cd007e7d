using System.Threading.Tasks.Sources;
using TokenHub.Core.Requests;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Resp;

/// <summary>
/// One call: first the command being built, then the place where its reply arrives. Rented from a pool; the caller
/// and the connection each hold a share, and the call goes back when both have let go. So a call that timed out stays
/// with the connection until its late reply has been passed over, and the order of replies holds.
/// </summary>
public sealed class RespCall : IValueTaskSource<RespReply>
{
    private const int BytesInitial = 512;
    private const int BytesKept = 16 * 1024;

    private readonly RespCallPool _pool;
    private readonly RespBuffer _arguments = new(BytesInitial);
    private readonly RespBuffer _reply = new(BytesInitial / 4);
    private ManualResetValueTaskSourceCore<RespReply> _source;
    private CancellationToken _cancellation;
    private int _count;
    private int _shares;
    private int _isDone;

    internal RespCall(RespCallPool pool)
    {
        _pool = pool;
    }

    /// <summary>The script called, or null for a plain command.</summary>
    internal LuaScript? Script { get; private set; }

    /// <summary>
    /// True when the whole text of the script has to be sent because the server does not know its hash.
    /// </summary>
    internal bool SendsText { get; set; }

    /// <summary><see cref="Environment.TickCount64"/> after which the caller no longer waits.</summary>
    internal long DeadlineMs { get; private set; }

    internal long SentMs { get; set; }

    internal ReadOnlySpan<byte> ReplyFrame => _reply.Span;

    /// <summary>How far a Cluster has sent this call about; means nothing outside of one.</summary>
    internal CallRoute Route;

    /// <summary>The name of a plain command; empty for a script.</summary>
    internal ReadOnlySpan<byte> Command => Script is null ? RespWriter.BulkAt(_arguments.Span, 0) : default;

    /// <summary>What stands where a command's first key does; empty when there is nothing.</summary>
    internal ReadOnlySpan<byte> FirstKey => RespWriter.BulkAt(_arguments.Span, Script is null ? 1 : 0);

    /// <summary>Adds the name of a command, a key or an argument.</summary>
    public RespCall Add(ReadOnlySpan<byte> value)
    {
        RespWriter.Bulk(_arguments, value);
        _count++;
        return this;
    }

    public RespCall Add(long value)
    {
        RespWriter.Bulk(_arguments, value);
        _count++;
        return this;
    }

    /// <summary>Adds a request id as 32 hex digits.</summary>
    public RespCall Add(RequestId value)
    {
        RespWriter.Bulk(_arguments, value);
        _count++;
        return this;
    }

    public RespCall Add(string value) => Add(System.Text.Encoding.UTF8.GetBytes(value));

    /// <summary>Lets go of a call that was built but will not be sent.</summary>
    public void Abandon() => Release();

    internal void Begin(LuaScript? script, bool continueInline)
    {
        _source.Reset();
        _source.RunContinuationsAsynchronously = !continueInline;
        _arguments.Clear(BytesKept);
        _reply.Clear(BytesKept);
        _count = 0;
        _isDone = 0;
        Script = script;
        SendsText = false;
        Route = default;
        Volatile.Write(ref _shares, 1);
    }

    /// <summary>Gives the connection its share. Nothing may be added from here on.</summary>
    internal ValueTask<RespReply> Arm(long deadlineMs, CancellationToken cancellation)
    {
        DeadlineMs = deadlineMs;
        _cancellation = cancellation;
        Share();
        return new ValueTask<RespReply>(this, _source.Version);
    }

    /// <summary>Writes the whole command, as the server at hand understands it.</summary>
    internal void WriteTo(RespBuffer buffer, ScriptForm form)
    {
        if (Script is null)
        {
            RespWriter.ArrayHead(buffer, _count);
        }
        else
        {
            RespWriter.ArrayHead(buffer, _count + 3);
            buffer.Append(SendsText ? Script.EvalHead(form) : Script.EvalShaHead(form));
        }

        buffer.Append(_arguments.Span);
    }

    /// <summary>True when the caller should no longer wait: its time is over, or it said so.</summary>
    internal bool IsOverdue(long nowMs) =>
        _isDone == 0 && (nowMs >= DeadlineMs || _cancellation.IsCancellationRequested);

    internal void Expire(string endpoint)
    {
        if (_cancellation.IsCancellationRequested)
        {
            Fail(new OperationCanceledException(_cancellation));
        }
        else
        {
            Fail(new RedisUnavailableException(RedisFault.TimedOut, $"Redis at {endpoint} did not answer in time."));
        }
    }

    /// <summary>Hands the reply to the caller, whose continuation may run within this call.</summary>
    internal void Complete(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        if (reader.IsError)
        {
            Fail(RespErrors.ToException(reader.ReadBytes()));
        }
        else if (Interlocked.Exchange(ref _isDone, 1) == 0)
        {
            _reply.Append(frame);
            _source.SetResult(new RespReply(this));
        }
    }

    internal void Fail(Exception error)
    {
        if (Interlocked.Exchange(ref _isDone, 1) == 0)
        {
            _source.SetException(error);
        }
    }

    internal bool IsDone => Volatile.Read(ref _isDone) != 0;

    /// <summary>Gives the caller's share to the connection: nobody waits, the reply will be passed over.</summary>
    internal void Disown()
    {
        _isDone = 1;
        DeadlineMs = long.MaxValue;
    }

    /// <summary>
    /// A call that goes out just before this one, in which nobody is interested: for ASKING, which holds for the next.
    /// </summary>
    internal RespCall Precursor(ReadOnlySpan<byte> command)
    {
        var call = _pool.Rent(null).Add(command);
        call.Disown();
        return call;
    }

    /// <summary>Takes one share more; only where another is known to be held.</summary>
    internal void Share() => Interlocked.Increment(ref _shares);

    /// <summary>Gives up one share.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _shares) == 0)
        {
            _cancellation = default;
            _pool.Return(this);
        }
    }

    RespReply IValueTaskSource<RespReply>.GetResult(short token)
    {
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Succeeded)
        {
            return _source.GetResult(token);
        }

        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            Release();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<RespReply>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<RespReply>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
