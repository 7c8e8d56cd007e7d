using System.Net.Sockets;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Connections;

internal sealed partial class RespConnection
{
    private readonly RespBuffer _received = new(BufferBytes);
    private RespFrameScanner _scanner;

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                var count = await _stream.ReadAsync(_received.GetMemory(BufferBytes / 4)).ConfigureAwait(false);
                if (count == 0)
                {
                    throw new EndOfStreamException("The server closed the connection.");
                }

                _received.Advance(count);
                Volatile.Write(ref _lastReceivedMs, Environment.TickCount64);
                Dispatch();
            }
        }
        catch (Exception error)
        {
            // Whatever went wrong, also in a handler of pushed messages: without this loop the connection is of no use.
            Close(error);
        }
    }

    // Gives out all whole replies at hand; callers continue within. Then sends what they asked for meanwhile, in one
    // write.
    private void Dispatch()
    {
        _dispatching = this;
        try
        {
            while (_scanner.TryScan(_received.Span, out var length))
            {
                Dispatch(_received.Span[..length]);
                _received.Consume(length);
            }
        }
        finally
        {
            _dispatching = null;
        }

        if (_received.Length == 0)
        {
            _received.Clear(_limits.BufferBytesKept);
        }

        AfterDispatch();
    }

    private void AfterDispatch()
    {
        bool mustFlush;
        bool isDrained;
        lock (_gate)
        {
            isDrained = _isRetiring && _inFlight.Count == 0;
            mustFlush = TryBeginWrite();
        }

        if (isDrained)
        {
            Close(new RedisUnavailableException(
                RedisFault.ReadOnly, $"Redis at {_limits.Endpoint} is no server to write to."));
        }
        else if (mustFlush)
        {
            Flush();
        }
    }

    private void Dispatch(ReadOnlySpan<byte> frame)
    {
        if (frame[0] == '>' || !TryTakeCall(out var call))
        {
            Push(frame);
            return;
        }

        var isUnknownScript = frame[0] == '-' && RespErrors.IsNoScript(frame[1..]);
        if (isUnknownScript && call is { Script: not null, SendsText: false, IsDone: false })
        {
            // The server has not run anything: asking again, with the text this time, is safe.
            call.SendsText = true;
            Send(call);
            return;
        }

        if (frame[0] == '-' && RespErrors.FaultOf(new RespReader(frame).ReadBytes()) == RedisFault.ReadOnly)
        {
            // After a failover this address may lead to another server: finish what is under way, then connect anew.
            _isRetiring = true;
        }

        if (frame[0] == '-' && _errors is not null && !call.IsDone
            && _errors.TryTake(call, new RespReader(frame).ReadBytes(), _limits.Endpoint))
        {
            return;
        }

        call.Complete(frame);
        call.Release();
    }

    private void Push(ReadOnlySpan<byte> frame)
    {
        if (_onPush is not null)
        {
            _onPush(frame);
        }
        else if (frame[0] != '>')
        {
            throw new RespProtocolException("The server sent a reply to nothing.");
        }
    }

    private static bool IsConnectionEnd(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or InvalidOperationException;
}
