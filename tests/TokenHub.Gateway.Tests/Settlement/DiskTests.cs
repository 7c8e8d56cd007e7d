using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Settlement;

/// <summary>Disks that fill up or fail under the log.</summary>
public sealed class DiskTests
{
    private const long Segment = 1 << 20;

    [Theory]
    [InlineData(8L << 30, 1L << 40, 64)]
    [InlineData(8L << 30, 64L << 20, 4)]
    [InlineData(16L << 20, 1L << 40, 1)]
    [InlineData(8L << 30, 0, 1)]
    public void Segments_fit_the_disk(long bytesMax, long free, int megabytes) =>
        Assert.Equal((long)megabytes << 20, DiskGuard.SegmentBytesFor(bytesMax, free));

    [Fact]
    public void New_requests_stop_at_eighty_percent_of_the_limit_and_go_on_when_the_ledger_has_taken_it()
    {
        using var folder = new TemporaryFolder();
        var disk = new FailingDisk { Free = 1L << 40 };
        using var table = InFlightTable.Open(folder.Path, (_, _) => { });
        using var files = LogFiles.Open(folder.Path, Segment, UsageRecordCodec.BytesMax, (_, _) => { }, disk);
        using var log = new WriteAheadLog(files, _ => { });
        var guard = new DiskGuard(files, table, folder.Path, 10 * Segment);
        log.Start();
        var number = 0;
        bool HasRoom()
        {
            guard.Check();
            return guard.HasRoom;
        }

        while (HasRoom())
        {
            Append(log, 200, ref number);
            Assert.True(SpinWait.SpinUntil(() => files.DurableLsn == number, TimeSpan.FromSeconds(10)));
        }

        Assert.InRange(files.UsedBytes, 8 * Segment, 9 * Segment);
        files.Acknowledge(number);
        Assert.True(HasRoom());
    }

    [Fact]
    public void Full_file_system_refuses_new_requests_and_still_takes_the_records_of_open_ones()
    {
        using var folder = new TemporaryFolder();
        var disk = new FailingDisk();
        using var table = InFlightTable.Open(folder.Path, (_, _) => { });
        using var files = LogFiles.Open(folder.Path, Segment, UsageRecordCodec.BytesMax, (_, _) => { }, disk);
        using var log = new WriteAheadLog(files, _ => { });
        var guard = new DiskGuard(files, table, folder.Path, 1L << 40);
        guard.Check();
        Assert.True(guard.HasRoom);
        (disk.FailsCreate, disk.Free) = (true, 0);
        guard.Check();
        Assert.False(guard.HasRoom);

        // Both segments together: the second was set aside before the disk was full.
        log.Start();
        var number = 0;
        while (files.RoomBytes > Segment / 2)
        {
            Append(log, 200, ref number);
            Assert.True(SpinWait.SpinUntil(() => files.DurableLsn == number, TimeSpan.FromSeconds(20)));
        }

        Assert.Equal(2, LogSegment.PathsIn(folder.Path).Count());
        Append(log, 500, ref number);
        Assert.True(SpinWait.SpinUntil(() => files.DurableLsn == number, TimeSpan.FromSeconds(20)));
        Assert.Null(log.Failure);
    }

    [Fact]
    public async Task First_request_after_a_full_disk_was_freed_is_taken()
    {
        using var folder = new TemporaryFolder();
        var disk = new FailingDisk { Free = 0 };
        using var table = InFlightTable.Open(folder.Path, (_, _) => { });
        using var files = LogFiles.Open(folder.Path, Segment, UsageRecordCodec.BytesMax, (_, _) => { }, disk);
        var guard = new DiskGuard(files, table, folder.Path, 1L << 40);
        guard.Check();
        Assert.False(guard.HasRoom);
        disk.Free = 1L << 40;

        // A look is good for a second, and nobody asked meanwhile.
        for (var until = Environment.TickCount64 + 1_000; Environment.TickCount64 < until;)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.True(guard.HasRoom);
    }

    [Fact]
    public void Room_for_every_open_request_at_its_largest_is_kept()
    {
        using var folder = new TemporaryFolder();
        var disk = new FailingDisk();
        using var table = InFlightTable.Open(folder.Path, (_, _) => { });
        using var files = LogFiles.Open(folder.Path, Segment, UsageRecordCodec.BytesMax, (_, _) => { }, disk);
        var guard = new DiskGuard(files, table, folder.Path, 1L << 40);
        guard.Check();
        var opened = 0;
        while (guard.HasRoom && table.TryOpen(default, out _))
        {
            opened++;
        }

        Assert.Equal(2 * Segment / LogFrame.LengthOf(UsageRecordCodec.BytesMax), opened);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Sync_or_write_that_failed_is_never_tried_again_as_a_success(bool failsSync)
    {
        using var folder = new TemporaryFolder();
        var disk = new FailingDisk();
        using var files = LogFiles.Open(folder.Path, Segment, UsageRecordCodec.BytesMax, (_, _) => { }, disk);
        using var log = new WriteAheadLog(files, _ => Assert.Fail("nothing may count as durable"));
        log.Start();
        (disk.FailsSync, disk.FailsWrite) = (failsSync, !failsSync);
        var number = 0;
        Append(log, 1, ref number);
        await log.Failed.WaitAsync(TimeSpan.FromSeconds(10));
        (disk.FailsSync, disk.FailsWrite) = (false, false);
        Append(log, 5, ref number);

        Assert.Equal((0, 6), (files.DurableLsn, log.PendingCount));
        Assert.InRange(disk.SyncsAfterFailure, 0, 1);
    }

    [Fact]
    public async Task Gateway_whose_sync_fails_admits_nobody_lets_streams_end_and_asks_to_be_stopped()
    {
        var disk = new FailingDisk();
        await using var rig = await GatewayRig.StartAsync(options => options with { Disk = disk });
        var upstream = await rig.AddUpstreamAsync(Core.Snapshots.Provider.OpenAi, ["m"]);
        var gate = new TaskCompletionSource();
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk(Wire.ChatStream[..400]).WaitFor(gate.Task).Chunk(Wire.ChatStream[400..]).EndChunks();
        var caller = await rig.AddCallerAsync();
        using var running = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        disk.FailsSync = true;
        using (var cut = new CancellationTokenSource())
        {
            using var other = await caller.SendAsync(
                HttpMethod.Post, "/v1/chat/completions", Wire.ChatStreamBody, cut.Token);
            await cut.CancelAsync();
        }

        await rig.Host.Failed.WaitAsync(TimeSpan.FromSeconds(10));
        using var refused = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        await Dialects.AssertErrorAsync("chat", refused, 503, "server_error");
        Assert.Equal("1", refused.Header("retry-after"));
        var stopping = rig.Host.StopAsync();
        gate.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await stopping;

        // What could not be written is found in the in-flight table by the next process, and billed there.
        disk.FailsSync = false;
        await rig.RestartGatewayAsync();
        Assert.Equal(Outcome.Interrupted, (await rig.RecordOfAsync(running.RequestId())).Outcome);
        await rig.AssertNothingHeldAsync(caller.Account);
    }

    private static void Append(WriteAheadLog log, int count, ref int number)
    {
        for (var i = 0; i < count; i++)
        {
            log.Append(PendingRecord.Of(WriteAheadLogTests.RecordOf(++number), null));
        }
    }
}
