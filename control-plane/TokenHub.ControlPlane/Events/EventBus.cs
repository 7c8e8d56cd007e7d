using System.Security.Cryptography;
using System.Threading.Channels;

namespace TokenHub.ControlPlane.Events;

/// <summary>An event and its place in this process's order.</summary>
internal readonly record struct NumberedEvent(long Number, ConsoleEvent Event);

/// <summary>
/// Hands events to the open streams of this process and keeps the last ones for those who come back. Bounded in every
/// direction: a stream that does not keep up is told to read everything again.
/// </summary>
internal sealed class EventBus
{
    public const int RingSize = 1000;
    public const int StreamsMax = 1000;
    private const int QueuedMax = 256;

    private readonly Lock _lock = new();
    private readonly NumberedEvent[] _ring = new NumberedEvent[RingSize];
    private readonly HashSet<EventStream> _streams = [];
    private long _last;

    /// <summary>
    /// Part of every event id: ids of another process, or of an earlier life of this one, are not ours.
    /// </summary>
    public string Boot { get; } = RandomNumberGenerator.GetHexString(8, lowercase: true);

    public long Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    public int StreamCount
    {
        get
        {
            lock (_lock)
            {
                return _streams.Count;
            }
        }
    }

    public void Publish(ConsoleEvent news)
    {
        lock (_lock)
        {
            var numbered = new NumberedEvent(++_last, news);
            _ring[_last % RingSize] = numbered;
            foreach (var stream in _streams)
            {
                stream.Offer(numbered);
            }
        }
    }

    /// <summary>
    /// Opens a stream that begins with what came after <paramref name="after"/>. Null when there are too many streams;
    /// the stream begins with a gap when what came after is no longer all there.
    /// </summary>
    public EventStream? Open(long userId, bool seesAll, long? after)
    {
        lock (_lock)
        {
            if (_streams.Count >= StreamsMax)
            {
                return null;
            }

            var stream = new EventStream(this, userId, seesAll, QueuedMax + RingSize);
            _streams.Add(stream);
            if (after is not { } from)
            {
                return stream;
            }

            if (from > _last || from < _last - RingSize)
            {
                stream.MarkGap();
                return stream;
            }

            for (var number = from + 1; number <= _last; number++)
            {
                stream.Offer(_ring[number % RingSize]);
            }

            return stream;
        }
    }

    public int CountOf(long userId)
    {
        lock (_lock)
        {
            return _streams.Count(stream => stream.UserId == userId);
        }
    }

    public void Close(EventStream stream)
    {
        lock (_lock)
        {
            _streams.Remove(stream);
        }
    }
}

/// <summary>One client's view of the bus.</summary>
internal sealed class EventStream(EventBus bus, long userId, bool seesAll, int capacity) : IDisposable
{
    private readonly Channel<NumberedEvent> _queue = Channel.CreateBounded<NumberedEvent>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private int _gap;

    public long UserId => userId;

    public ChannelReader<NumberedEvent> Events => _queue.Reader;

    public void Offer(NumberedEvent news)
    {
        if (news.Event.IsFor(userId, seesAll) && !_queue.Writer.TryWrite(news))
        {
            MarkGap();
        }
    }

    public void MarkGap() => Volatile.Write(ref _gap, 1);

    /// <summary>True once after events were lost to this stream.</summary>
    public bool TakeGap() => Interlocked.Exchange(ref _gap, 0) == 1;

    public void Dispose() => bus.Close(this);
}
