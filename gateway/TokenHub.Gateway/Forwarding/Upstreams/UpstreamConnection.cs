using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Forwarding.Upstreams;

/// <summary>
/// One connection to an upstream, used by one call at a time. While it waits it holds no buffer: of thousands of open
/// streams few have something to say at any moment.
/// </summary>
internal sealed class UpstreamConnection(UpstreamHost host, Socket socket, Stream stream) : IDisposable
{
    // A small request goes out in one write, head and body together.
    private const int JoinedBytesMax = 32 << 10;
    private const int HeadBytes = 4 << 10;
    private const int InterimHeadsMax = 16;

    private readonly BufferLease _read = new();
    private BodyFraming _framing;
    private int _readAt;
    private bool _isBroken;

    public UpstreamHost Host { get; } = host;

    public UpstreamHead Head { get; } = new();

    public long OpenedMs { get; } = Environment.TickCount64;

    /// <summary>When it was last given back, on the monotonic clock.</summary>
    public long IdleSinceMs { get; set; }

    /// <summary>True when the answer was read to its end and nothing came after it.</summary>
    public bool CanReuse => !_isBroken && _framing.IsDone && Head.CanReuse && _read.Length == _readAt;

    /// <summary>False when the upstream has closed it, or has said something that nobody asked for.</summary>
    public bool IsAlive => !socket.Poll(0, SelectMode.SelectRead);

    /// <summary>True once a byte of the current answer has been seen.</summary>
    public bool HasAnswered { get; private set; }

    /// <summary>Sends a request and reads the head of its answer.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(BufferLease head, ReadOnlyMemory<byte> body)
    {
        _read.Clear();
        (_readAt, _isBroken, _framing, HasAnswered) = (0, true, default, false);
        var headLength = head.Length;
        var isJoined = body.Length <= JoinedBytesMax;
        if (isJoined)
        {
            BuffersExtensions.Write(head, body.Span);
        }

        try
        {
            await stream.WriteAsync(head.Memory);
        }
        finally
        {
            head.Truncate(headLength);
        }

        if (!isJoined)
        {
            await stream.WriteAsync(body);
        }

        for (var i = 0; i < InterimHeadsMax; i++)
        {
            await ReadHeadAsync();
            if (Head.Status >= 200)
            {
                (_framing, _isBroken) = (Head.Framing, false);
                ForgetIfRead();
                return;
            }
        }

        throw new IOException("The upstream sends only interim answers.");
    }

    /// <summary>Waits until there is something to read, or the end.</summary>
    public ValueTask<int> WaitAsync() =>
        _read.Length > _readAt || _framing.IsDone ? new ValueTask<int>(0) : stream.ReadAsync(Memory<byte>.Empty);

    /// <summary>Reads body bytes straight into the destination; 0 at the proper end.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        while (!_framing.IsDone)
        {
            var count = TakeLeft(destination.Span);
            if (count == 0)
            {
                count = await stream.ReadAsync(destination[.._framing.ReadMax(destination.Length)]);
            }

            if (count == 0)
            {
                _isBroken = true;
                return _framing.EndsWithConnection ? 0 : throw new IOException("The upstream cut its answer off.");
            }

            var kept = Decode(destination.Span[..count]);
            if (kept > 0)
            {
                return kept;
            }
        }

        return 0;
    }

    /// <summary>Ends whatever is under way: reads and writes fail at once. Thread-safe.</summary>
    public void Abort()
    {
        // The socket beneath whatever stream there is: that one is not made for two threads.
        _isBroken = true;
        socket.Dispose();
    }

    public void Dispose()
    {
        _read.Dispose();
        stream.Dispose();
    }

    /// <summary>Gives back what memory is left, before it waits in the pool.</summary>
    public void Rest() => _read.Dispose();

    private int Decode(Span<byte> bytes)
    {
        try
        {
            var kept = _framing.Decode(bytes, out var taken);
            _isBroken |= taken < bytes.Length;
            return kept;
        }
        catch (IOException)
        {
            _isBroken = true;
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadHeadAsync()
    {
        while (true)
        {
            var end = UpstreamHead.FindEnd(_read.Span[_readAt..]);
            if (end > 0)
            {
                Head.Read(_read.Span.Slice(_readAt, end));
                _readAt += end;
                return;
            }

            if (_read.Length - _readAt > UpstreamHead.BytesMax)
            {
                throw new IOException("The upstream's answer has too long a head.");
            }

            // Models think for minutes before they answer: wait without a buffer.
            _ = await stream.ReadAsync(Memory<byte>.Empty);
            var count = await stream.ReadAsync(_read.GetMemory(HeadBytes));
            if (count == 0)
            {
                throw new IOException("The upstream closed the connection without an answer.");
            }

            HasAnswered = true;
            _read.Advance(count);
        }
    }

    // What came together with the head.
    private int TakeLeft(Span<byte> destination)
    {
        var left = _read.Span[_readAt..];
        var count = Math.Min(left.Length, _framing.ReadMax(destination.Length));
        left[..count].CopyTo(destination);
        _readAt += count;
        ForgetIfRead();
        return count;
    }

    private void ForgetIfRead()
    {
        if (_readAt == _read.Length)
        {
            _read.Dispose();
            _readAt = 0;
        }
    }
}
