using System.Buffers;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Tells an Anthropic client that its stream lives while an upstream of another protocol is silent: the protocol's own
/// <c>ping</c>, between whole events, past the meter, for it is nothing of the answer. Who writes to the client holds
/// the gate: the pump, but for the time that it waits for the upstream.
/// </summary>
#pragma warning disable CA1001 // A semaphore without a wait handle has nothing to give back; it lives with its pool.
internal sealed class SilencePing
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _gate = new(0, 1);
    private readonly Action<long> _tick;
    private Exchange? _exchange;
    private TimeSpan _writeTimeout;
    private long _every;
    private long _lastMs;
    private bool _isWaiting;

    public SilencePing() => _tick = Tick;

    private static ReadOnlySpan<byte> Event => "event: ping\ndata: {\"type\":\"ping\"}\n\n"u8;

    /// <summary>The answer's head and its first events are on their way to the client.</summary>
    public void Begin(Exchange exchange, GatewayOptions options)
    {
        (_every, _writeTimeout) = ((long)options.PingInterval.TotalMilliseconds, options.ClientWriteTimeout);
        Note();
        _exchange = exchange;
        exchange.Deadline.OnTick = _tick;
    }

    /// <summary>Something was written for the client.</summary>
    public void Note() => Volatile.Write(ref _lastMs, Environment.TickCount64);

    /// <summary>The pump waits for the upstream, and writes nothing meanwhile.</summary>
    public void BeginWait()
    {
        _isWaiting = true;
        _gate.Release();
    }

    /// <summary>The pump goes on, behind a ping that is being written.</summary>
    public Task EndWaitAsync()
    {
        _isWaiting = false;
        return _gate.WaitAsync();
    }

    /// <summary>The stream is over: nothing more is written from here.</summary>
    public async ValueTask EndAsync()
    {
        if (_isWaiting)
        {
            await EndWaitAsync();
        }

        if (_exchange is { } exchange)
        {
            exchange.Deadline.OnTick = null;
            _exchange = null;
        }
    }

    private void Tick(long nowMs)
    {
        if (nowMs - Volatile.Read(ref _lastMs) >= _every && _gate.Wait(0))
        {
            _ = PingAsync(nowMs);
        }
    }

    private async Task PingAsync(long nowMs)
    {
        try
        {
            // A tick may come late: then there is another answer, or none.
            if (_exchange is not { } exchange || nowMs - _lastMs < _every)
            {
                return;
            }

            Note();
            using var limit = new CancellationTokenSource(_writeTimeout);
            try
            {
                exchange.ResponseBody.Writer.Write(Event);
                await exchange.ResponseBody.Writer.FlushAsync(limit.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or IOException)
            {
                exchange.OnClientGone();
            }
        }
        finally
        {
            _gate.Release();
        }
    }
}
