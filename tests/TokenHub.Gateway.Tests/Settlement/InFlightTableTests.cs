using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using Xunit;

namespace TokenHub.Gateway.Tests.Settlement;

public sealed class InFlightTableTests
{
    private static readonly Tariff Price = new(77, 250_000_000, 1_000_000_000, 25_000_000, 250_000_000, 250_000_000);

    [Fact]
    public void An_open_request_is_found_again_with_its_last_counters()
    {
        using var folder = new TemporaryFolder();
        var open = RequestOf(1);
        using (var table = InFlightTable.Open(folder.Path, (_, _) => Assert.Fail("a new table is empty")))
        {
            Assert.True(table.TryOpen(open, out var slot));
            slot.Progress(120, 340, new Usd(9_999));
            Assert.True(table.TryOpen(RequestOf(2), out var closed));
            table.Release(closed);
        }

        var left = LeftOpen(folder.Path);

        var (request, counters) = Assert.Single(left);
        Assert.Equal(open with { Hold = new Usd(9_999), InputEstimate = 120 }, request);
        Assert.Equal(new InFlightCounters(120, 340, new Usd(9_999)), counters);
    }

    [Theory]
    [InlineData(false, false, 115)]
    [InlineData(true, false, 103)]
    [InlineData(false, true, 67)]
    [InlineData(true, true, 55)]
    public void Factors_and_other_units_are_found_again_and_take_room_from_the_name(
        bool hasFactors, bool hasMedia, int room)
    {
        using var folder = new TemporaryFolder();
        var tariff = hasMedia ? Price with { Image = 4_000_000, Characters = 0 } : Price;
        tariff = hasFactors ? tariff with { Factors = new PriceFactors(12_000, 100_000, 1) } : tariff;
        var open = RequestOf(1) with
        {
            Tariff = tariff, Model = new string('m', 200), Media = hasMedia ? new MediaUnits(2, 3, 4) : default,
        };
        using (var table = InFlightTable.Open(folder.Path, (_, _) => { }))
        {
            Assert.True(table.TryOpen(open, out var slot));
            slot.Progress(7, 1, open.Hold);
        }

        var (request, counters) = Assert.Single(LeftOpen(folder.Path));
        Assert.Equal(open with { InputEstimate = 7, Model = new string('m', room) }, request);
        var record = Assert.Single(Recovery.RecordsOf([(request, counters)], new HashSet<RequestId>()));
        Assert.Equal(tariff.Factors, record.Factors);
        Assert.Equal(open.Media, record.Usage.Media);
        Assert.Equal(TariffMath.Cost(tariff, record.Usage), record.Cost);
    }

    [Fact]
    public void A_slot_whose_fixed_part_is_torn_is_not_taken_for_a_request()
    {
        using var folder = new TemporaryFolder();
        using (var table = InFlightTable.Open(folder.Path, (_, _) => { }))
        {
            Assert.True(table.TryOpen(RequestOf(1), out _));
        }

        var path = Path.Combine(folder.Path, "in-flight");
        var good = File.ReadAllBytes(path);
        for (var at = 4096 + 32; at < 4096 + 256; at++)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 1;
            File.WriteAllBytes(path, bad);
            Assert.Empty(LeftOpen(folder.Path));
        }
    }

    [Fact]
    public void Moving_to_another_channel_leaves_one_slot_with_the_new_price()
    {
        using var folder = new TemporaryFolder();
        using (var table = InFlightTable.Open(folder.Path, (_, _) => { }))
        {
            Assert.True(table.TryOpen(RequestOf(1), out var slot));
            var moved = slot.MoveTo(2002, 1009, 1500, Price with { PriceVersion = 78 });
            Assert.NotNull(moved);
            moved.Progress(10, 3, new Usd(1));
            Assert.Equal(1, table.OpenCount);
        }

        var (request, _) = Assert.Single(LeftOpen(folder.Path));
        Assert.Equal((2002, 1009, 1500, 78), (request.Channel, request.OwnerAccount, request.OwnerShareBp, request.Tariff.PriceVersion));
    }

    [Fact]
    public void Attempts_that_are_over_are_found_again_in_their_order_and_freed_with_their_request()
    {
        using var folder = new TemporaryFolder();
        AttemptRecord[] over = [AttemptOf(2001, 3), AttemptOf(2002, long.MaxValue), AttemptOf(2003, 0)];
        List<PastAttempt> past = [];
        List<(OpenRequest, InFlightCounters)> open = [];
        using (var table = InFlightTable.Open(folder.Path, (_, _) => { }))
        {
            Assert.True(table.TryOpen(RequestOf(1), out var slot));
            for (var i = 0; i < over.Length; i++)
            {
                slot = slot.MoveTo(2002 + i, 0, 0, Price)!;
                slot.Keep(i, over[i]);
            }

            slot.Progress(7, 5, new Usd(9));
            Assert.True(table.TryOpen(RequestOf(2), out var closed));
            closed.Keep(0, over[0]);
            table.Release(closed);
            Assert.Equal(1, table.OpenCount);
            Assert.Single(table.OpenSlots());
            InFlightTable.Open(folder.Path, (o, c) => open.Add((o, c)), past.Add).Dispose();
            table.Release(slot);
            Assert.Equal(0, table.OpenCount);
            Assert.Empty(LeftOpen(folder.Path));
        }

        Assert.Equal(over.Length, past.Count);
        var record = Assert.Single(Recovery.RecordsOf(open, new HashSet<RequestId>(), past.OrderBy(p => -p.Place)));
        Assert.Equal(over, record.Attempts.Take(3));
        Assert.Equal((2004L, 5L), (record.Attempts[3].Channel, record.Attempts[3].Usage.Output));
        Assert.Equal(new TokenUsage { Input = 7, Output = 5 }, record.Usage);
        Assert.Equal(TariffMath.Cost(Price, record.Usage), record.Cost);
    }

    [Fact]
    public void Attempt_whose_slot_is_torn_or_whose_table_is_full_costs_the_request_nothing()
    {
        using var folder = new TemporaryFolder();
        using (var table = InFlightTable.Open(folder.Path, (_, _) => { }))
        {
            InFlightSlot slot = null!;
            for (var i = 0; i < InFlightTable.SlotsMax - 1; i++)
            {
                Assert.True(table.TryOpen(RequestOf(i), out slot));
            }

            slot.Keep(0, AttemptOf(2001, 3));
            slot.Keep(1, AttemptOf(2002, 4));
            Assert.Equal(InFlightTable.SlotsMax - 1, table.OpenCount);
            Assert.Single(PastOf(folder.Path));
        }

        var path = Path.Combine(folder.Path, "in-flight");
        var good = File.ReadAllBytes(path);
        for (var at = good.Length - 256 + 32; at < good.Length; at += 5)
        {
            var bad = (byte[])good.Clone();
            bad[at] ^= 1;
            File.WriteAllBytes(path, bad);
            Assert.Empty(PastOf(folder.Path));
        }
    }

    [Fact]
    public void A_full_table_refuses_and_takes_again_after_a_release()
    {
        using var folder = new TemporaryFolder();
        using var table = InFlightTable.Open(folder.Path, (_, _) => { });
        InFlightSlot last = null!;
        for (var i = 0; i < InFlightTable.SlotsMax; i++)
        {
            Assert.True(table.TryOpen(RequestOf(i), out last));
        }

        Assert.False(table.TryOpen(RequestOf(0), out _));
        table.Release(last);
        Assert.True(table.TryOpen(RequestOf(0), out _));
    }

    [Fact]
    public void A_file_of_something_else_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "in-flight"), "something else");

        Assert.Throws<InvalidDataException>(() => InFlightTable.Open(folder.Path, (_, _) => { }));
    }

    [Fact]
    public void Recovery_bills_what_was_counted_and_nothing_where_nothing_was_served()
    {
        var served = (RequestOf(1), new InFlightCounters(1_000, 500, new Usd(42)));
        var unserved = (RequestOf(2), new InFlightCounters(1_000, 0, new Usd(42)));
        var logged = (RequestOf(3), new InFlightCounters(1_000, 500, new Usd(42)));

        var records = Recovery.RecordsOf([served, unserved, logged], new HashSet<RequestId> { logged.Item1.Rid });

        Assert.Equal(2, records.Count);
        Assert.Equal(new Usd(250_000 + 500_000), records[0].Cost);
        Assert.Equal(new TokenUsage { Input = 1_000, Output = 500 }, records[0].Usage);
        Assert.Equal(Outcome.Interrupted, records[0].Outcome);
        Assert.Equal(Usd.Zero, records[1].Cost);
        Assert.All(records, r => Assert.True(r.IsCounted));
    }

    [Fact]
    public void Of_two_slots_with_one_id_the_one_that_came_further_counts()
    {
        var early = (RequestOf(1), new InFlightCounters(10, 0, new Usd(42)));
        var later = (RequestOf(1) with { Channel = 9 }, new InFlightCounters(10, 5, new Usd(42)));

        var record = Assert.Single(Recovery.RecordsOf([early, later], new HashSet<RequestId>()));

        Assert.Equal((9L, 5L), (record.Channel, record.Usage.Output));
    }

    private static OpenRequest RequestOf(int number) => new(
        RequestId.Create(1_700_000_000_000, 3, 4, (uint)number), 1001, 1002, 2001, 1008, 1000, Price, Dialect.Anthropic,
        true, "claude-sonnet-5", new Usd(5_000), 100, 1_700_000_000_123);

    private static AttemptRecord AttemptOf(long channel, long tokens) => new(channel, 200, AttemptFault.CutMidStream, 31)
    {
        Outcome = Outcome.UpstreamErrorBeforeContent,
        PriceVersion = 77,
        IsCounted = tokens == 3,
        Usage = new TokenUsage
        {
            Input = tokens, CacheRead = tokens, CacheWrite5m = tokens, CacheWrite1h = tokens, CacheWriteOther = tokens,
            Output = tokens, Reasoning = tokens, ToolUsePrompt = tokens, Media = new MediaUnits(tokens, tokens, tokens),
        },
    };

    private static List<PastAttempt> PastOf(string folder)
    {
        var past = new List<PastAttempt>();
        InFlightTable.Open(folder, (_, _) => { }, past.Add).Dispose();
        return past;
    }

    private static List<(OpenRequest, InFlightCounters)> LeftOpen(string folder)
    {
        var left = new List<(OpenRequest, InFlightCounters)>();
        InFlightTable.Open(folder, (open, counters) => left.Add((open, counters))).Dispose();
        return left;
    }
}
