using System.Buffers;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;
using Xunit;

namespace TokenHub.Gateway.Tests.Settlement;

public sealed class WriteAheadLogTests
{
    private const long SegmentBytes = 16 * 1024;

    [Fact]
    public void Records_come_back_in_order_after_a_restart_over_several_segments()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 400);

        var read = ReadAll(folder.Path);

        Assert.Equal(Enumerable.Range(1, 400).Select(i => (long)i), read.Select(r => r.Lsn));
        Assert.All(read, r => Assert.Equal(RecordOf((int)r.Lsn).RequestId, r.Record.RequestId));
        Assert.True(LogSegment.PathsIn(folder.Path).Count() > 2);
    }

    [Fact]
    public void Numbers_go_on_where_they_stopped()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 7);
        WriteRecords(folder.Path, 5, firstRecord: 8);

        Assert.Equal(Enumerable.Range(1, 12).Select(i => (long)i), ReadAll(folder.Path).Select(r => r.Lsn));
    }

    [Fact]
    public void Acknowledged_segments_are_deleted_and_numbers_still_go_on()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 400);
        using (var files = LogFiles.Open(folder.Path, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { }))
        {
            files.Acknowledge(399);
        }

        var left = ReadAll(folder.Path);

        Assert.Single(LogSegment.PathsIn(folder.Path));
        Assert.Equal(400, left[^1].Lsn);
        Assert.True(left.Count < 400);
        WriteRecords(folder.Path, 1);
        Assert.Equal(401, ReadAll(folder.Path)[^1].Lsn);
    }

    [Fact]
    public void A_log_whose_files_are_gone_goes_on_above_what_was_acknowledged()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 10);
        using (var files = LogFiles.Open(folder.Path, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { }))
        {
            files.Acknowledge(10);
        }

        LogSegment.PathsIn(folder.Path).ToList().ForEach(File.Delete);
        WriteRecords(folder.Path, 1);

        Assert.Equal(11, Assert.Single(ReadAll(folder.Path)).Lsn);
    }

    [Fact]
    public void The_cursor_reads_exactly_what_is_durable_in_batches()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 1203);
        using var files = LogFiles.Open(folder.Path, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { });
        var cursor = new LogCursor(files);
        cursor.SeekAfter(3);

        var lsns = new List<long>();
        var batch = new ArrayBufferWriter<byte>();
        for (int count; (count = cursor.Fill(batch)) > 0; batch.ResetWrittenCount())
        {
            Assert.InRange(count, 1, UsageBatch.RecordsMax);
            ReadOnlySpan<byte> rest = batch.WrittenSpan;
            while (UsageBatch.TryTake(ref rest, out var lsn, out var bytes))
            {
                Assert.True(UsageRecordCodec.TryRead(bytes, out var record));
                Assert.Equal(RecordOf((int)lsn).RequestId, record.RequestId);
                lsns.Add(lsn);
            }
        }

        Assert.Equal(Enumerable.Range(4, 1200).Select(i => (long)i), lsns);
    }

    [Fact]
    public void A_flipped_byte_is_either_harmless_or_cuts_an_unsynced_tail_or_stops_the_start()
    {
        using var folder = new TemporaryFolder();
        const int Count = 200;
        for (var i = 1; i <= Count; i++)
        {
            // One record a group: each was durable before the next one.
            WriteRecords(folder.Path, 1, firstRecord: i, segmentBytes: 64 * 1024);
        }

        var path = Assert.Single(LogSegment.PathsIn(folder.Path));
        var good = File.ReadAllBytes(path);
        var frame = LogFrame.LengthOf(PendingRecord.Of(RecordOf(1), null).Payload.Length);
        for (var at = 0; at < (frame * Count) + 64; at++)
        {
            good[at] ^= 0x5A;
            File.WriteAllBytes(path, good);
            good[at] ^= 0x5A;

            int? read = null;
            try
            {
                var records = ReadAll(folder.Path);
                Assert.All(records, r => Assert.Equal(RecordOf((int)r.Lsn).RequestId, r.Record.RequestId));
                read = records.Count;
            }
            catch (LogDamageException damage)
            {
                Assert.Equal((at / frame) + 1, damage.Lsn);
            }

            if (read is { } count)
            {
                var isInTail = at / frame >= Count - 1;
                Assert.True(count == Count || (isInTail && count == Count - 1), $"byte {at}: {count} records");
            }
        }
    }

    [Fact]
    public void A_torn_last_group_is_cut_off_even_when_its_later_pages_reached_the_disk()
    {
        using var folder = new TemporaryFolder();
        WriteRecords(folder.Path, 3);
        WriteGroup(folder.Path, 4, 5);
        var path = Assert.Single(LogSegment.PathsIn(folder.Path));
        var bytes = File.ReadAllBytes(path);
        var frame = LogFrame.LengthOf(PendingRecord.Of(RecordOf(1), null).Payload.Length);
        bytes[(frame * 4) + 30] ^= 1;
        File.WriteAllBytes(path, bytes);

        Assert.Equal([1L, 2, 3, 4], ReadAll(folder.Path).Select(r => r.Lsn));
        WriteRecords(folder.Path, 1, firstRecord: 5);
        Assert.Equal([1L, 2, 3, 4, 5], ReadAll(folder.Path).Select(r => r.Lsn));
    }

    [Fact]
    public void A_failed_write_stops_the_log_for_good()
    {
        using var folder = new TemporaryFolder();
        using var files = LogFiles.Open(folder.Path, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { });
        using var log = new WriteAheadLog(files, _ => Assert.Fail("nothing may count as durable"));
        log.Start();
        files.Current.Dispose();

        log.Append(PendingRecord.Of(RecordOf(1), null));

        Assert.True(SpinWait.SpinUntil(() => log.Failure is not null, TimeSpan.FromSeconds(10)));
        Assert.Equal(0, files.DurableLsn);
    }

    internal static UsageRecord RecordOf(int number) => new()
    {
        RequestId = RequestId.Create(1_700_000_000_000, 1, 1, (uint)number),
        Account = 1001,
        Key = 1002,
        Channel = 1003,
        PriceVersion = 1004,
        Model = "gpt-5.2",
        Dialect = Dialect.Chat,
        Outcome = Outcome.Completed,
        StartedMs = 1_700_000_000_000,
        Hold = new Usd(1000),
        Cost = new Usd(500),
        Usage = new TokenUsage { Input = 10, Output = 20 },
    };

    private static void WriteRecords(
        string folder, int count, int firstRecord = 1, long segmentBytes = SegmentBytes)
    {
        using var done = new CountdownEvent(count);
        using var files = LogFiles.Open(folder, segmentBytes, UsageRecordCodec.BytesMax, (_, _) => { });
        using var log = new WriteAheadLog(files, group => done.Signal(group.Count));
        log.Start();
        for (var i = 0; i < count; i++)
        {
            log.Append(PendingRecord.Of(RecordOf(firstRecord + i), null));
        }

        Assert.True(done.Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(files.LastLsn, files.DurableLsn);
    }

    // Writes frames of one group by hand, so that the test decides what a group is.
    private static void WriteGroup(string folder, params int[] lsns)
    {
        using var segment = LogSegment.Open(Assert.Single(LogSegment.PathsIn(folder)));
        var writer = new ArrayBufferWriter<byte>();
        foreach (var lsn in lsns)
        {
            var payload = PendingRecord.Of(RecordOf(lsn), null).Payload;
            LogFrame.Write(writer.GetSpan(LogFrame.LengthOf(payload.Length)), lsn, lsns[0], payload);
            writer.Advance(LogFrame.LengthOf(payload.Length));
        }

        segment.SetEnd((long)(lsns[0] - 1) * LogFrame.LengthOf(PendingRecord.Of(RecordOf(1), null).Payload.Length));
        segment.Append(writer.WrittenSpan);
        segment.Sync();
    }

    private static List<(long Lsn, UsageRecord Record)> ReadAll(string folder)
    {
        var read = new List<(long, UsageRecord)>();
        var segments = LogRecovery.Open(folder, UsageRecordCodec.BytesMax, (lsn, payload) =>
        {
            Assert.True(UsageRecordCodec.TryRead(payload, out var record));
            Assert.Equal(read.Count == 0 ? lsn : read[^1].Item1 + 1, lsn);
            read.Add((lsn, record));
        });
        segments.ForEach(s => s.Dispose());
        return read;
    }
}
