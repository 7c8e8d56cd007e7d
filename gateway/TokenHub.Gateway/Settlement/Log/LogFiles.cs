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
    private const string SpareFile = "spare.wal";
    private readonly object _gate = new();
    private readonly List<LogSegment> _segments;
    private readonly SafeFileHandle _ack;
    private readonly string _folder;
    private readonly long _segmentBytes;
    private readonly Lock _spareGate = new();
    private long _spareBytes;
    private long _currentRoom;
    private long _lastLsn;
    private long _durableLsn;
    private long _ackedLsn;

    private LogFiles(
        LogDisk disk, string folder, long segmentBytes, List<LogSegment> segments, SafeFileHandle ack, long lastLsn,
        long ackedLsn)
    {
        Disk = disk;
        _folder = folder;
        _segmentBytes = segmentBytes;
        _segments = segments;
        _ack = ack;
        _lastLsn = lastLsn;
        _durableLsn = lastLsn;
        _currentRoom = Current.Length - Current.End;
        _ackedLsn = ackedLsn;
    }

    public long LastLsn => Volatile.Read(ref _lastLsn);

    /// <summary>Everything up to here survives the loss of power.</summary>
    public long DurableLsn => Volatile.Read(ref _durableLsn);

    /// <summary>Everything up to here is committed by the control plane.</summary>
    public long AckedLsn => Volatile.Read(ref _ackedLsn);

    public LogDisk Disk { get; }

    public LogSegment Current => _segments[^1];

    /// <summary>Bytes of records that the folder holds, acknowledged ones of a segment still in use included.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _segments.Take(_segments.Count - 1).Sum(segment => segment.Length) + Current.End;
            }
        }
    }

    /// <summary>Size of the next segment.</summary>
    public long SegmentBytes => _segmentBytes;

    /// <summary>Bytes that can be written without asking the file system for more.</summary>
    public long RoomBytes => Volatile.Read(ref _currentRoom) + Volatile.Read(ref _spareBytes);

    /// <summary>
    /// Opens or starts the log in a folder; <paramref name="sink"/> sees every record still there, in order.
    /// </summary>
    public static LogFiles Open(
        string folder, long segmentBytes, int payloadMax, LogRecovery.RecordSink sink, LogDisk? disk = null)
    {
        disk ??= LogDisk.Real;
        Directory.CreateDirectory(folder);
        var ack = File.OpenHandle(Path.Combine(folder, AckFile), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var acked = ReadAck(ack);
        var read = 0L;
        var segments = LogRecovery.Open(folder, payloadMax, (lsn, payload) =>
        {
            read = lsn;
            sink(lsn, payload);
        }, disk);
        // Numbers go on above everything ever written or acknowledged, whichever of the files was lost.
        var tail = segments.Count == 0 ? -1 : Math.Max(read, segments[^1].FirstLsn - 1);
        var last = Math.Max(acked, tail);
        if (tail != last)
        {
            segments.Add(LogSegment.Create(folder, last + 1, segmentBytes, disk));
        }

        // What was set aside when the process died may be torn, or of another size.
        File.Delete(Path.Combine(folder, SpareFile));
        return new LogFiles(disk, folder, segmentBytes, segments, ack, last, acked);
    }

    public long NextLsn()
    {
        Volatile.Write(ref _lastLsn, _lastLsn + 1);
        return _lastLsn;
    }

    public void PublishDurable()
    {
        Volatile.Write(ref _currentRoom, Current.Length - Current.End);
        Volatile.Write(ref _durableLsn, _lastLsn);
    }

    /// <summary>
    /// Sees to it that the next segment is allocated while there is room for it. Throws when there is none.
    /// </summary>
    public void MakeSpare()
    {
        lock (_spareGate)
        {
            if (Volatile.Read(ref _spareBytes) == 0)
            {
                Disk.Create(Path.Combine(_folder, SpareFile), _segmentBytes).Dispose();
                Volatile.Write(ref _spareBytes, _segmentBytes);
            }
        }
    }

    /// <summary>Goes on in a new segment: the one that was set aside, if there is one.</summary>
    public void Roll(long firstLsn)
    {
        var isSetAside = Volatile.Read(ref _spareBytes) > 0;
        var next = isSetAside
            ? LogSegment.Take(_folder, Path.Combine(_folder, SpareFile), firstLsn, Disk)
            : LogSegment.Create(_folder, firstLsn, _segmentBytes, Disk);
        lock (_gate)
        {
            _segments.Add(next);
        }

        if (isSetAside)
        {
            Volatile.Write(ref _spareBytes, 0);
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
