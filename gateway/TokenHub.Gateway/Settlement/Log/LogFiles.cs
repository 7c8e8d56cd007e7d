using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// The segments of one log and how far they are written, durable and acknowledged. The log's thread writes; the shipper
/// reads and acknowledges.
/// </summary>
public sealed class LogFiles : IDisposable
{
    private const string AckFile = "acked";
    private readonly object _gate = new();
    private readonly List<LogSegment> _segments;
    private readonly SafeFileHandle _ack;
    private long _lastLsn;
    private long _durableLsn;
    private long _ackedLsn;

    private LogFiles(List<LogSegment> segments, SafeFileHandle ack, long lastLsn, long ackedLsn)
    {
        _segments = segments;
        _ack = ack;
        _lastLsn = lastLsn;
        _durableLsn = lastLsn;
        _ackedLsn = ackedLsn;
    }

    public long LastLsn => Volatile.Read(ref _lastLsn);

    /// <summary>Everything up to here survives the loss of power.</summary>
    public long DurableLsn => Volatile.Read(ref _durableLsn);

    /// <summary>Everything up to here is committed by the control plane.</summary>
    public long AckedLsn => Volatile.Read(ref _ackedLsn);

    public LogSegment Current => _segments[^1];

    /// <summary>
    /// Opens or starts the log in a folder; <paramref name="sink"/> sees every record still there, in order.
    /// </summary>
    public static LogFiles Open(string folder, long segmentBytes, int payloadMax, LogRecovery.RecordSink sink)
    {
        Directory.CreateDirectory(folder);
        var ack = File.OpenHandle(Path.Combine(folder, AckFile), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var acked = ReadAck(ack);
        var read = 0L;
        var segments = LogRecovery.Open(folder, payloadMax, (lsn, payload) =>
        {
            read = lsn;
            sink(lsn, payload);
        });
        // Numbers go on above everything ever written or acknowledged, whichever of the files was lost.
        var tail = segments.Count == 0 ? -1 : Math.Max(read, segments[^1].FirstLsn - 1);
        var last = Math.Max(acked, tail);
        if (tail != last)
        {
            segments.Add(LogSegment.Create(folder, last + 1, segmentBytes));
        }

        return new LogFiles(segments, ack, last, acked);
    }

    public long NextLsn()
    {
        Volatile.Write(ref _lastLsn, _lastLsn + 1);
        return _lastLsn;
    }

    public void PublishDurable() => Volatile.Write(ref _durableLsn, _lastLsn);

    public void Roll(LogSegment next)
    {
        lock (_gate)
        {
            _segments.Add(next);
        }
    }

    /// <summary>Remembers the acknowledgement and deletes the segments that lie wholly below it.</summary>
    public void Acknowledge(long lsn)
    {
        if (lsn <= AckedLsn)
        {
            return;
        }

        Volatile.Write(ref _ackedLsn, lsn);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, lsn);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], ~lsn);
        // Not synced: an acknowledgement that is forgotten only sends records again, and they count once.
        RandomAccess.Write(_ack, bytes, 0);
        lock (_gate)
        {
            while (_segments.Count > 1 && _segments[1].FirstLsn <= lsn + 1)
            {
                _segments[0].Dispose();
                File.Delete(_segments[0].Path);
                _segments.RemoveAt(0);
            }
        }
    }

    /// <summary>
    /// Reads raw bytes of the segment that holds an LSN; 0 when there is none. For the shipper's cursor.
    /// </summary>
    public int ReadAt(long segmentFirstLsn, long offset, Span<byte> destination)
    {
        lock (_gate)
        {
            var segment = _segments.Find(s => s.FirstLsn == segmentFirstLsn);
            return segment is null || offset >= segment.Length ? 0 : segment.Read(destination, offset);
        }
    }

    /// <summary>First LSN of the segment in which an LSN stands; -1 when there is none.</summary>
    public long SegmentOf(long lsn)
    {
        lock (_gate)
        {
            var index = _segments.FindLastIndex(s => s.FirstLsn <= lsn);
            return index >= 0 ? _segments[index].FirstLsn : -1;
        }
    }

    /// <summary>
    /// First LSN of the segment after the one that starts at <paramref name="firstLsn"/>; -1 when it is the last.
    /// </summary>
    public long SegmentAfter(long firstLsn)
    {
        lock (_gate)
        {
            var index = _segments.FindIndex(s => s.FirstLsn > firstLsn);
            return index >= 0 ? _segments[index].FirstLsn : -1;
        }
    }

    public void Dispose()
    {
        _ack.Dispose();
        lock (_gate)
        {
            _segments.ForEach(s => s.Dispose());
        }
    }

    private static long ReadAck(SafeFileHandle file)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (RandomAccess.Read(file, bytes, 0) < bytes.Length)
        {
            return 0;
        }

        var lsn = BinaryPrimitives.ReadInt64LittleEndian(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]) == ~lsn && lsn > 0 ? lsn : 0;
    }
}
