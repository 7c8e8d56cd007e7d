using System.Buffers;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement.Log;

/// <summary>Walks the log from an LSN onwards, reading from the files: a long outage costs disk, not memory.</summary>
public sealed class LogCursor(LogFiles files)
{
    private readonly byte[] _buffer = new byte[256 * 1024];
    private long _segment = -1;
    private long _offset;

    /// <summary>The last LSN that was handed out.</summary>
    public long Position { get; private set; }

    /// <summary>Goes back to just after <paramref name="lsn"/>.</summary>
    public void SeekAfter(long lsn)
    {
        Position = lsn;
        _segment = -1;
    }

    /// <summary>
    /// Adds durable records to a batch, at most <see cref="UsageBatch.RecordsMax"/>, and returns how many.
    /// </summary>
    /// <param name="upTo">The last LSN to be taken.</param>
    public int Fill(IBufferWriter<byte> batch, long upTo = long.MaxValue)
    {
        var count = 0;
        while (count < UsageBatch.RecordsMax && Position < Math.Min(upTo, files.DurableLsn))
        {
            var taken = FillFromSegment(batch, UsageBatch.RecordsMax - count, upTo);
            count += taken;
            if (taken == 0 && !SkipToNextSegment())
            {
                break;
            }
        }

        return count;
    }

    // Numbers may leap from one segment to the next after a file was lost; within a segment they never do.
    private bool SkipToNextSegment()
    {
        var next = files.SegmentAfter(_segment);
        if (next <= Position + 1)
        {
            return false;
        }

        Position = next - 1;
        return true;
    }

    private int FillFromSegment(IBufferWriter<byte> batch, int countMax, long upTo)
    {
        var segment = files.SegmentOf(Position + 1);
        if (segment < 0)
        {
            return 0;
        }

        if (segment != _segment)
        {
            (_segment, _offset) = (segment, 0);
        }

        var durable = Math.Min(upTo, files.DurableLsn);
        var taken = 0;
        while (taken < countMax && Position < durable)
        {
            var length = files.ReadAt(_segment, _offset, _buffer);
            var advanced = TakeFrames(batch, _buffer.AsSpan(0, length), durable, countMax, ref taken);
            _offset += advanced;
            if (advanced == 0)
            {
                break;
            }
        }

        return taken;
    }

    private int TakeFrames(
        IBufferWriter<byte> batch, ReadOnlySpan<byte> bytes, long durable, int countMax, ref int taken)
    {
        var at = 0;
        while (taken < countMax && Position < durable
            && LogFrame.Read(bytes[at..], UsageRecordCodec.BytesMax, out var lsn, out _, out var payload)
                == LogFrame.Reading.Record)
        {
            at += LogFrame.LengthOf(payload.Length);
            if (lsn > Position)
            {
                UsageBatch.Append(batch, lsn, payload);
                Position = lsn;
                taken++;
            }
        }

        return at;
    }
}
