using System.Buffers;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using Xunit;

namespace TokenHub.Core.Tests.Usage;

public sealed class UsageRecordCodecTests
{
    [Fact]
    public void A_record_comes_back_as_it_was_over_random_records()
    {
        var random = new Random(5);
        var bytes = new byte[UsageRecordCodec.BytesMax];
        for (var i = 0; i < 20_000; i++)
        {
            var record = RandomRecord(random);
            var length = UsageRecordCodec.Write(record, bytes);

            Assert.True(UsageRecordCodec.TryRead(bytes.AsSpan(0, length), out var read));
            Assert.Equal(record.Attempts, read.Attempts);
            Assert.Equal(record with { Attempts = [] }, read with { Attempts = [] });
        }
    }

    [Fact]
    public void A_usual_record_is_small()
    {
        var bytes = new byte[UsageRecordCodec.BytesMax];

        Assert.InRange(UsageRecordCodec.Write(RandomRecord(new Random(1)), bytes), 1, 256);
    }

    [Fact]
    public void A_record_cut_anywhere_or_with_more_behind_it_is_refused()
    {
        var bytes = new byte[UsageRecordCodec.BytesMax];
        var length = UsageRecordCodec.Write(RandomRecord(new Random(3)), bytes);
        for (var cut = 0; cut < length; cut++)
        {
            Assert.False(UsageRecordCodec.TryRead(bytes.AsSpan(0, cut), out _));
        }

        Assert.False(UsageRecordCodec.TryRead(bytes.AsSpan(0, length + 1), out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(17);
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            if (bytes.Length > 0)
            {
                bytes[0] = 1;
            }

            UsageRecordCodec.TryRead(bytes, out _);
        }
    }

    [Fact]
    public void Texts_that_are_too_long_are_cut_and_the_record_stays_whole()
    {
        var record = RandomRecord(new Random(2)) with { Model = new string('模', 500), UpstreamId = new string('x', 500) };
        var bytes = new byte[UsageRecordCodec.BytesMax];

        var length = UsageRecordCodec.Write(record, bytes);

        Assert.True(UsageRecordCodec.TryRead(bytes.AsSpan(0, length), out var read));
        Assert.Equal(new string('模', UsageRecord.ModelBytesMax / 3), read.Model);
    }

    [Fact]
    public void A_batch_gives_its_records_in_order_and_nothing_of_a_cut_one()
    {
        var writer = new ArrayBufferWriter<byte>();
        UsageBatch.Append(writer, 7, [1, 2, 3]);
        UsageBatch.Append(writer, 8, [4]);

        ReadOnlySpan<byte> rest = writer.WrittenSpan[..^1];

        Assert.True(UsageBatch.TryTake(ref rest, out var lsn, out var record));
        Assert.Equal(7, lsn);
        Assert.Equal([1, 2, 3], record.ToArray());
        Assert.False(UsageBatch.TryTake(ref rest, out _, out _));
    }

    // Written by the first format: logs and outboxes may hold such records when a newer build starts.
    private const string FormatOne =
        "01019ac00000007000800a000500000007030203e907ea07eb07ec07c4134dc801fbbcf4d7a733338407b960a6050a01"
        + "02030414050608636c617564652d78056d73675f3102e807f703050ceb07c8010af006";

    // Written by the second.
    private const string FormatTwo =
        "02019a7afd1e0070078050000900000007030201e907ea07eb07ed07f403ec07c801e4bcf4d7a733338407d209a60508"
        + "010d0203040114060208636c617564652d78056d73675f3102e807f703050c04ec07050700000000030000eb07c8010a"
        + "f00602ec0702";

    [Fact]
    public void A_record_of_the_first_format_is_still_read()
    {
        Assert.True(UsageRecordCodec.TryRead(Convert.FromHexString(FormatOne), out var read));

        Assert.Equal(1001, read.Account);
        Assert.Equal(Outcome.ClientCut, read.Outcome);
        Assert.Equal(new Usd(678), read.Cost);
        Assert.Equal(20, read.Usage.Output);
        Assert.Equal("msg_1", read.UpstreamId);
        Assert.Equal(UsageNotes.None, read.Notes);
        Assert.Equal(
            [new AttemptRecord(1000, 503, AttemptFault.UpstreamStatus, 12), new(1003, 200, AttemptFault.ClientGone, 880)],
            read.Attempts);
    }

    [Fact]
    [Trait("row", "A33")]
    public void A_record_of_the_second_format_is_still_read()
    {
        Assert.True(UsageRecordCodec.TryRead(Convert.FromHexString(FormatTwo), out var read));

        Assert.Equal(1001, read.Account);
        Assert.Equal(new Usd(678), read.Cost);
        Assert.Equal(UsageNotes.FarOff, read.Notes);
        Assert.True(read.Factors.IsOne);
        Assert.Equal(default, read.Route);
        var usage = new TokenUsage { Input = 7, Output = 3 };
        Assert.Equal(
            [
                new AttemptRecord(1000, 503, AttemptFault.UpstreamStatus, 12)
                {
                    Outcome = Outcome.UpstreamErrorBeforeContent, PriceVersion = 1004, Usage = usage, IsCounted = true,
                },
                new(1003, 200, AttemptFault.ClientGone, 880)
                {
                    Outcome = Outcome.ClientCut, PriceVersion = 1004, Usage = read.Usage,
                },
            ],
            read.Attempts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(PriceFactors.Max + 1)]
    public void A_factor_out_of_its_bounds_makes_a_record_unreadable(int bp)
    {
        var record = RandomRecord(new Random(2)) with { Factors = new PriceFactors(20_001), Route = default };
        var bytes = new byte[UsageRecordCodec.BytesMax];
        var length = UsageRecordCodec.Write(record, bytes);
        var at = bytes.AsSpan(0, length).IndexOf((ReadOnlySpan<byte>)[0xA1, 0x9C, 0x01]);

        // The same length in LEB128, so that only the value is wrong.
        bytes[at] = (byte)((bp & 0x7F) | 0x80);
        bytes[at + 1] = (byte)(((bp >> 7) & 0x7F) | 0x80);
        bytes[at + 2] = (byte)(bp >> 14);

        Assert.False(UsageRecordCodec.TryRead(bytes.AsSpan(0, length), out _));
    }

    [Fact]
    public void The_attempt_that_served_does_not_write_the_records_usage_twice()
    {
        var record = RandomRecord(new Random(3)) with { Attempts = [] };
        var bytes = new byte[UsageRecordCodec.BytesMax];
        var without = UsageRecordCodec.Write(record, bytes);
        var attempt = RandomAttempt(new Random(4), 1001) with { Usage = record.Usage };

        var length = UsageRecordCodec.Write(record with { Attempts = [attempt] }, bytes);

        Assert.InRange(length - without, 1, 14);
        Assert.True(UsageRecordCodec.TryRead(bytes.AsSpan(0, length), out var read));
        Assert.Equal([attempt], read.Attempts);
    }

    [Fact]
    public void The_longest_record_fits()
    {
        const long most = long.MaxValue;
        var usage = new TokenUsage
        {
            Media = new MediaUnits(most, most, most), Input = most, CacheRead = most, CacheWrite5m = most, CacheWrite1h = most, CacheWriteOther = most,
            Output = most, Reasoning = most, ToolUsePrompt = most,
        };
        var attempt = new AttemptRecord(most, int.MaxValue, AttemptFault.None, int.MaxValue)
        {
            PriceVersion = most, Usage = usage with { Input = most - 1 }, FirstTokenMs = int.MaxValue - 1,
        };
        var record = RandomRecord(new Random(5)) with
        {
            Account = most, Key = most, Channel = most, OwnerAccount = most, OwnerShareBp = int.MaxValue,
            PriceVersion = most, Status = int.MaxValue, StartedMs = most, FirstTokenMs = int.MaxValue - 1,
            DurationMs = int.MaxValue, Hold = new Usd(most), Cost = new Usd(most), Usage = usage,
            Factors = new PriceFactors(PriceFactors.Max, PriceFactors.Max, PriceFactors.Max),
            Route = new RouteTrace(
                RoutingPolicy.Sticky, RouteReason.LastResort, int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue,
                int.MaxValue, int.MaxValue),
            Model = new string('m', 500), UpstreamId = new string('u', 500),
            Attempts = [.. Enumerable.Repeat(attempt, UsageRecord.AttemptsMax)],
        };
        var bytes = new byte[UsageRecordCodec.BytesMax];

        Assert.True(UsageRecordCodec.TryRead(bytes.AsSpan(0, UsageRecordCodec.Write(record, bytes)), out var read));
        Assert.Equal(UsageRecord.AttemptsMax, read.Attempts.Count);
    }

    private static UsageRecord RandomRecord(Random random) => new()
    {
        RequestId = RequestId.Create(1_763_000_000_000, 5, 9, (uint)random.Next()),
        Account = random.Next(1001, 100_000),
        Key = random.Next(1001, 100_000),
        Channel = random.Next(1001, 2_000),
        OwnerAccount = random.Next(2) * random.Next(1001, 100_000),
        OwnerShareBp = random.Next(5_001),
        PriceVersion = random.Next(1001, 5_000),
        Model = "claude-sonnet-" + random.Next(10),
        Dialect = (Dialect)random.Next(1, 5),
        Outcome = (Outcome)random.Next(1, 9),
        IsStream = random.Next(2) == 1,
        IsCounted = random.Next(2) == 1,
        Status = random.Next(600),
        StartedMs = 1_763_000_000_000 + random.Next(),
        FirstTokenMs = random.Next(-1, 5_000),
        DurationMs = random.Next(600_000),
        Hold = new Usd(random.NextInt64(1L << 40)),
        Cost = new Usd(random.NextInt64(1L << 40)),
        Usage = new TokenUsage
        {
            Input = random.Next(200_000), CacheRead = random.Next(100_000), CacheWrite5m = random.Next(1_000),
            CacheWrite1h = random.Next(1_000), CacheWriteOther = random.Next(3), Output = random.Next(64_000),
            Reasoning = random.Next(1_000), ToolUsePrompt = random.Next(10), Media = RandomMedia(random),
        },
        Factors = random.Next(3) == 0
            ? default
            : new PriceFactors(random.Next(1, 20_000), random.Next(1, 20_000), random.Next(1, 20_000)),
        Route = random.Next(3) == 0
            ? default
            : new RouteTrace(
                (RoutingPolicy)random.Next(5), (RouteReason)random.Next(10), random.Next(200), random.Next(200),
                random.Next(200), random.Next(200), random.Next(200), random.Next(200)),
        UpstreamId = "chatcmpl-" + random.Next(),
        Notes = (UsageNotes)random.Next(256),
        AbortPolicy = (AbortPolicy)random.Next(2),
        Attempts = [.. Enumerable.Range(0, random.Next(3)).Select(i => RandomAttempt(random, 1000 + i))],
    };

    private static AttemptRecord RandomAttempt(Random random, long channel) =>
        new(channel, random.Next(600), (AttemptFault)random.Next(13), random.Next(10_000))
        {
            Outcome = (Outcome)random.Next(1, 10),
            PriceVersion = random.Next(1001, 5_000),
            IsCounted = random.Next(2) == 1,
            FirstTokenMs = random.Next(-1, 10_000),
            Usage = random.Next(2) == 0
                ? default
                : new TokenUsage
                {
                    Input = random.Next(200_000), Output = random.Next(64_000), Media = RandomMedia(random),
                },
        };

    private static MediaUnits RandomMedia(Random random) => random.Next(2) == 0
        ? default
        : new MediaUnits(random.Next(10), random.Next(3_600_000), random.Next(4_096));
}
