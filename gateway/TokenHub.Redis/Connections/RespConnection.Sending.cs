using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Connections;

internal sealed partial class RespConnection
{
    // What this thread has written to while it gathers; null while it does not. The list is kept for the next time.
    [ThreadStatic]
    private static List<RespConnection>? _held;

    [ThreadStatic]
    private static List<RespConnection>? _spare;

    /// <summary>
    /// Sends an armed call, or fails it at once when the connection has ended or too much is under way.
    /// </summary>
    public void Send(RespCall call)
    {
        var fault = RedisFault.None;
        var mustFlush = false;
        lock (_gate)
        {
            if (_isClosed)
            {
                fault = RedisFault.NotConnected;
            }
            else if (_inFlight.Count >= _limits.InFlightMax || _gathering.Length >= _limits.UnsentBytesMax)
            {
                fault = RedisFault.QueueFull;
            }
            else
            {
                _lastSentMs = Environment.TickCount64;
                if (call.Route.IsAsking)
                {
                    Enqueue(call.Precursor("ASKING"u8));
                }

                Enqueue(call);
                mustFlush = TryBeginWrite();
            }
        }

        if (fault != RedisFault.None)
        {
            call.Fail(Refusal(fault));
            call.Release();
        }
        else if (mustFlush)
        {
            Flush();
        }
    }

    /// <summary>Sends a command whose answer, if any, comes as a push. The caller's share goes with it.</summary>
    public void SendOneWay(RespCall call)
    {
        bool mustFlush;
        lock (_gate)
        {
            if (!_isClosed)
            {
                call.WriteTo(_gathering, Form);
                _lastSentMs = Environment.TickCount64;
            }

            mustFlush = TryBeginWrite();
        }

        call.Release();
        if (mustFlush)
        {
            Flush();
        }
    }

    // Under the lock.
    private void Enqueue(RespCall call)
    {
        call.WriteTo(_gathering, Form);
        call.SentMs = _lastSentMs;
        _inFlight.Enqueue(call);
    }

    /// <summary>From now on what this thread sends is gathered.</summary>
    internal static void Hold() => _held ??= _spare ?? [];

    /// <summary>Sends what was gathered since, each connection's share in one write.</summary>
    internal static void LetGo()
    {
        if (_held is not { } held)
        {
            return;
        }

        _held = null;
        foreach (var connection in held)
        {
            bool mustFlush;
            lock (connection._gate)
            {
                mustFlush = connection.TryBeginWrite();
            }

            if (mustFlush)
            {
                connection.Flush();
            }
        }

        held.Clear();
        _spare = held;
    }

    // Under the lock. Calls made from within a reply wait until all replies at hand have been given out.
    private bool TryBeginWrite()
    {
        if (_isWriting || _isClosed || _gathering.Length == 0 || _dispatching == this)
        {
            return false;
        }

        if (_held is { } held)
        {
            if (!held.Contains(this))
            {
                held.Add(this);
            }

            return false;
        }

        _isWriting = true;
        (_gathering, _writing) = (_writing, _gathering);
        return true;
    }

    private bool TryContinueWrite()
    {
        lock (_gate)
        {
            _writing.Clear(_limits.BufferBytesKept);
            if (_isClosed || _gathering.Length == 0)
            {
                _isWriting = false;
                return false;
            }

            (_gathering, _writing) = (_writing, _gathering);
            return true;
        }
    }

    // A small write usually completes within the call; then this thread also sends what was gathered meanwhile.
    private void Flush()
    {
        try
        {
            do
            {
                var write = _stream.WriteAsync(_writing.Memory);
                if (!write.IsCompletedSuccessfully)
                {
                    _ = FlushSlowAsync(write);
                    return;
                }

                write.GetAwaiter().GetResult();
            }
            while (TryContinueWrite());
        }
        catch (Exception error) when (IsConnectionEnd(error))
        {
            Close(error);
        }
    }

    private async Task FlushSlowAsync(ValueTask write)
    {
        try
        {
            await write.ConfigureAwait(false);
            while (TryContinueWrite())
            {
                await _stream.WriteAsync(_writing.Memory).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (IsConnectionEnd(error))
        {
            Close(error);
        }
    }

    private RedisUnavailableException Refusal(RedisFault fault) => new(fault, fault == RedisFault.QueueFull
        ? $"Too many calls to Redis at {_limits.Endpoint} are under way."
        : $"There is no connection to Redis at {_limits.Endpoint}.");
}
