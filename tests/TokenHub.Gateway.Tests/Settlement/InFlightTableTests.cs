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

    private static List<(OpenRequest, InFlightCounters)> LeftOpen(string folder)
    {
        var left = new List<(OpenRequest, InFlightCounters)>();
        InFlightTable.Open(folder, (open, counters) => left.Add((open, counters))).Dispose();
        return left;
    }
}
