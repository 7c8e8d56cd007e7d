using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Cluster;

internal sealed partial class ClusterRunner
{
    private const int TickMs = 20;
    private const int FirstPauseMs = 10;

    private readonly Lock _waitingGate = new();
    private readonly Timer _ticker;
    private List<RespCall> _waiting = [];
    private List<RespCall> _woken = [];
    private int _isTicking;

    /// <summary>
    /// On the thread that reads some node's socket: true when the call goes on, at another node or a little later.
    /// </summary>
    public bool TryTake(RespCall call, ReadOnlySpan<byte> error, string fromEndpoint)
    {
        switch (RespErrors.FaultOf(error))
        {
            case RedisFault.Moved:
                return Redirect.TryParse(error, fromEndpoint, out var redirect) && TryRedirect(call, redirect);
            case RedisFault.TryAgain:
                return TryAgain(call);
            case RedisFault.ClusterDown or RedisFault.ReadOnly or RedisFault.Loading:
                _map.Ask();
                return false;
            default:
                return false;
        }
    }

    private bool TryRedirect(RespCall call, Redirect redirect)
    {
        if (call.Route.Slot < 0 || _nodes.At(redirect.Target) is not { } node)
        {
            return false;
        }

        if (redirect.IsAsk)
        {
            if (call.Route.IsAsking)
            {
                return false;
            }

            call.Route.IsAsking = true;
        }
        else
        {
            _nodes.Move(redirect.Slot, node);
            _map.Ask(node);
            if (call.Route.IsMoved)
            {
                return false;
            }

            (call.Route.IsMoved, call.Route.IsAsking) = (true, false);
        }

        call.Route.Target = node;
        Send(call);
        return true;
    }

    // Keys of the slot are under way from one node to another: a matter of milliseconds, and nothing was done. Begins
    // anew, as the slot may have arrived by then.
    private bool TryAgain(RespCall call)
    {
        var pauseMs = FirstPauseMs << Math.Min(call.Route.Tries, 8);
        var route = call.Route;
        call.Route = new CallRoute { Slot = route.Slot, Tries = route.Tries + 1 };
        return TryWait(call, pauseMs);
    }

    // False when the pause is longer than the call's own time, or too many wait already.
    private bool TryWait(RespCall call, int pauseMs)
    {
        var retryMs = Environment.TickCount64 + pauseMs;
        if (retryMs + TickMs >= call.DeadlineMs)
        {
            return false;
        }

        lock (_waitingGate)
        {
            if (_waiting.Count >= _options.InFlightMax)
            {
                return false;
            }

            _waiting.Add(call);
            call.Route.RetryMs = retryMs;
        }

        return true;
    }

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isTicking, 1) != 0)
        {
            return;
        }

        var nowMs = Environment.TickCount64;
        lock (_waitingGate)
        {
            (_waiting, _woken) = (_woken, _waiting);
            for (var i = _woken.Count - 1; i >= 0; i--)
            {
                if (_woken[i].Route.RetryMs > nowMs && !_woken[i].IsOverdue(nowMs))
                {
                    _waiting.Add(_woken[i]);
                    _woken.RemoveAt(i);
                }
            }
        }

        foreach (var call in _woken)
        {
            if (call.IsOverdue(nowMs))
            {
                call.Expire(_options.Endpoint);
                call.Release();
            }
            else
            {
                Send(call);
            }
        }

        _woken.Clear();
        Volatile.Write(ref _isTicking, 0);
    }

    private void FailWaiting()
    {
        lock (_waitingGate)
        {
            foreach (var call in _waiting)
            {
                call.Fail(new RedisUnavailableException(RedisFault.NotConnected, "The client was disposed."));
                call.Release();
            }

            _waiting.Clear();
        }
    }
}
