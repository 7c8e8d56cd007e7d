using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Connections;

/// <summary>Bytes that came without having been asked for: a message of a subscription.</summary>
internal delegate void PushHandler(ReadOnlySpan<byte> frame);

/// <summary>
/// One socket, pipelined: calls go out in any number before the first reply is there, and replies come in the order
/// of the calls. Lives once: when it ends, every open call fails and <see cref="Closed"/> completes. Thread-safe.
/// </summary>
/// <remarks>
/// Sending coalesces by itself: a call that finds the line idle goes out at once, calls that come while a write is
/// under way go out together with the next, and so do calls made from within the replies of one receive.
/// </remarks>
internal sealed partial class RespConnection : IAsyncDisposable
{
    private const int BufferBytes = 16 * 1024;

    // The connection whose replies this thread is handing out right now.
    [ThreadStatic]
    private static RespConnection? _dispatching;

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly RespLimits _limits;
    private readonly PushHandler? _onPush;
    private readonly IErrorRouter? _errors;
    private readonly RespCallQueue _inFlight = new();
    private readonly TaskCompletionSource<Exception> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RespCall> _overdue = [];
    private RespBuffer _gathering = new(BufferBytes);
    private RespBuffer _writing = new(BufferBytes);
    private Task _receiving = Task.CompletedTask;
    private bool _isWriting;
    private bool _isClosed;
    private volatile bool _isRetiring;
    private long _lastReceivedMs;
    private long _lastSentMs;

    public RespConnection(
        Stream stream, RespLimits limits, PushHandler? onPush = null, IErrorRouter? errors = null)
    {
        _stream = stream;
        _limits = limits;
        _onPush = onPush;
        _errors = errors;
        _lastReceivedMs = _lastSentMs = Environment.TickCount64;
    }

    /// <summary>Completes with the reason when the connection has ended.</summary>
    public Task<Exception> Closed => _closed.Task;

    /// <summary>
    /// False when it has ended or is about to, because the server said that it is not the one to write to.
    /// </summary>
    public bool IsOpen => !_isRetiring && !_closed.Task.IsCompleted;

    /// <summary>What the handshake found out about the server.</summary>
    public RedisServerInfo Server { get; set; } = RedisServerInfo.Unknown;

    public long LastReceivedMs => Volatile.Read(ref _lastReceivedMs);

    public string Endpoint => _limits.Endpoint;

    private ScriptForm Form => Server.TakesScriptFlags ? ScriptForm.Flagged : ScriptForm.Plain;

    public void Start() => _receiving = ReceiveAsync();

    /// <summary>
    /// Called every few milliseconds: ends calls whose time is over, and the connection itself when its oldest call
    /// has been without an answer for too long.
    /// </summary>
    public void Tick(long nowMs)
    {
        bool isStalled;
        lock (_gate)
        {
            isStalled = _inFlight.Count > 0 && nowMs - _inFlight[0].SentMs > _limits.StallMs;
            for (var i = 0; i < _inFlight.Count; i++)
            {
                if (_inFlight[i].IsOverdue(nowMs))
                {
                    _inFlight[i].Share();
                    _overdue.Add(_inFlight[i]);
                }
            }
        }

        foreach (var call in _overdue)
        {
            call.Expire(_limits.Endpoint);
            call.Release();
        }

        _overdue.Clear();
        if (isStalled)
        {
            Close(new RedisUnavailableException(
                RedisFault.ConnectionLost, $"Redis at {_limits.Endpoint} was silent for {_limits.StallMs} ms."));
        }
    }

    /// <summary>True when nothing was sent for a while, so that a dead peer would go unnoticed.</summary>
    public bool IsIdle(long nowMs)
    {
        lock (_gate)
        {
            return !_isClosed && _inFlight.Count == 0 && nowMs - _lastSentMs > _limits.IdleMs;
        }
    }

    public void Close(Exception reason)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
        }

        _closed.TrySetResult(reason);
        _stream.Dispose();

        // Nothing enters the queue once it is closed, so this thread and the reading one may both empty it.
        while (TryTakeCall(out var call))
        {
            call.Fail(new RedisUnavailableException(
                RedisFault.ConnectionLost, $"The connection to Redis at {_limits.Endpoint} was lost.", reason));
            call.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close(new ObjectDisposedException(nameof(RespConnection)));
        if (_dispatching != this)
        {
            await _receiving.ConfigureAwait(false);
        }
    }

    private bool TryTakeCall([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RespCall? call)
    {
        lock (_gate)
        {
            return _inFlight.TryDequeue(out call);
        }
    }
}
