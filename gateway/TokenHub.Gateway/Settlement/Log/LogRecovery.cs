namespace TokenHub.Gateway.Settlement.Log;

/// <summary>
/// Reads a log from its first segment to its end. A torn last group (written, never synced) is cut off; anything else
/// that cannot be read stops the start.
/// </summary>
public static class LogRecovery
{
    public delegate void RecordSink(long lsn, ReadOnlySpan<byte> payload);

    /// <summary>
    /// Reads all segments of the folder, calls <paramref name="sink"/> for each record, returns them with their ends
    /// set.
    /// </summary>
    public static List<LogSegment> Open(string folder, int payloadMax, RecordSink sink, LogDisk? disk = null)
    {
        var segments = LogSegment.PathsIn(folder)
            .Select(path => LogSegment.Open(path, disk ?? LogDisk.Real)).ToList();
        for (var i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (i > 0 && segments[i - 1].FirstLsn >= segment.FirstLsn)
            {
                throw new LogDamageException(segment.Path, segment.FirstLsn);
            }

            ReadSegment(segment, isLast: i == segments.Count - 1, payloadMax, sink);
        }

        return segments;
    }

    private static void ReadSegment(LogSegment segment, bool isLast, int payloadMax, RecordSink sink)
    {
        var bytes = new byte[segment.Length];
        var length = 0;
        for (int read; length < bytes.Length && (read = segment.Read(bytes.AsSpan(length), length)) > 0; length += read)
        {
        }

        var at = 0;
        var expected = segment.FirstLsn;
        while (true)
        {
            var rest = bytes.AsSpan(at, length - at);
            var reading = LogFrame.Read(rest, payloadMax, out var lsn, out _, out var payload);
            if (reading == LogFrame.Reading.Record && lsn == expected)
            {
                sink(lsn, payload);
                at += LogFrame.LengthOf(payload.Length);
                expected++;
                continue;
            }

            if (reading == LogFrame.Reading.End && !HasLaterFrame(rest, payloadMax, expected))
            {
                segment.SetEnd(at);
                return;
            }

            if (!isLast || HasLaterFrame(rest, payloadMax, expected))
            {
                throw new LogDamageException(segment.Path, expected);
            }

            segment.TruncateTo(at);
            return;
        }
    }

    // A readable frame of a later group proves that the bad place had been synced before it: that is damage. Frames of
    // the same group do not: the system may have written the pages of one group in any order before power went.
    private static bool HasLaterFrame(ReadOnlySpan<byte> rest, int payloadMax, long badLsn)
    {
        for (var at = 0; at + LogFrame.HeadBytes <= rest.Length; at += LogFrame.Alignment)
        {
            var skip = rest[at..].IndexOfAnyExcept((byte)0);
            if (skip < 0)
            {
                return false;
            }

            at += skip & ~(LogFrame.Alignment - 1);
            if (LogFrame.Read(rest[at..], payloadMax, out var lsn, out var groupFirst, out _) == LogFrame.Reading.Record
                && lsn >= badLsn && groupFirst > badLsn)
            {
                return true;
            }
        }

        return false;
    }
}
