using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>The end of a hold: settled, released, acknowledged; and each of them twice.</summary>
public sealed class SettleTests(Backends backends)
{
    [Theory]
    [InlineData(Backend.Redis, "0", "1 1000 0")]
    [InlineData(Backend.Redis, "80", "1 920 0")]
    [InlineData(Backend.Redis, "100", "1 900 0")]
    [InlineData(Backend.Redis, "1500", "1 -500 0")]
    [InlineData(Backend.Garnet, "0", "1 1000 0")]
    [InlineData(Backend.Garnet, "80", "1 920 0")]
    [InlineData(Backend.Garnet, "100", "1 900 0")]
    [InlineData(Backend.Garnet, "1500", "1 -500 0")]
    public async Task Settlement_turns_the_hold_into_the_cost_below_at_or_above_it(
        Backend backend, string cost, string expected)
    {
        var shard = await HeldAsync(backend);

        Assert.Equal(expected, await shard.RunAsync("settle", (3, cost)));

        Assert.Equal("0", await shard.FieldAsync("a", "pend"));
        Assert.Equal(cost, await shard.FieldAsync("a", "uns"));
        Assert.Equal("0", await shard.FieldAsync("k", "pend"));
        Assert.Equal(cost, await shard.FieldAsync("k", "uns"));
        Assert.Equal("0", await shard.FieldAsync("k", "open"));
        Assert.Equal("nil", await shard.FieldAsync("r", PrivateShard.Rid(1)));
        Assert.Equal($"71|9|{cost}|record", await shard.FieldAsync("o", PrivateShard.Rid(1)));
    }

    [Theory]
    [OnEachBackend]
    public async Task Second_settlement_of_one_request_changes_nothing(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("settle");
        var before = await shard.StateAsync();

        Assert.Equal("3 920 0", await shard.RunAsync("settle"));
        Assert.Equal("-8 920 0", await shard.RunAsync("settle", (3, "81")));
        Assert.Equal("-8 920 0", await shard.RunAsync("settle", (5, "72")));
        Assert.Equal("-8 920 0", await shard.RunAsync("settle", (6, "10")));
        Assert.Equal("2 920 0", await shard.RunAsync("release"));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_without_a_hold_is_recorded(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);

        Assert.Equal("4 920 0", await shard.RunAsync("settle"));

        Assert.Equal("80", await shard.FieldAsync("a", "uns"));
        Assert.Equal("71|9|80|record", await shard.FieldAsync("o", PrivateShard.Rid(1)));
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_after_the_acknowledgement_of_its_request_is_not_counted_again(Backend backend)
    {
        var shard = await HeldAsync(backend);

        Assert.Equal("1 1 0", await shard.RunAsync("ack"));
        Assert.Equal("3 920 0", await shard.RunAsync("settle"));
        Assert.Equal("-8 920 0", await shard.RunAsync("settle", (5, "72")));

        Assert.Equal("0", await shard.FieldAsync("a", "uns"));
        Assert.Equal("1 0 0", await shard.RunAsync("rehold", (4, PrivateShard.Rid(1))));
        Assert.Equal("1 1 0", await shard.RunAsync("ack"));
        Assert.Equal("nil", await shard.FieldAsync("o", PrivateShard.Rid(1)));
        Assert.Equal("1 0 0", await shard.RunAsync("ack"));
        Assert.Equal("nil", await shard.FieldAsync("o", PrivateShard.Rid(1)));
    }

    [Theory]
    [OnEachBackend]
    public async Task What_has_ended_is_taken_also_by_a_shard_that_is_not_built(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("reserve", (2, PrivateShard.Rid(2)));
        await shard.RunAsync("reserve", (2, PrivateShard.Rid(3)));
        await shard.LoseAsync("ep");

        Assert.Equal("1 720 0", await shard.RunAsync("settle"));
        Assert.Equal("1 820 0", await shard.RunAsync("release", (2, PrivateShard.Rid(2))));
        Assert.Equal("1 1 0", await shard.RunAsync("ack"));

        Assert.Equal("100", await shard.FieldAsync("a", "pend"));
        Assert.Equal("0", await shard.FieldAsync("a", "uns"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_before_hydration_counts_once_the_account_is_there(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        await shard.LoseAsync("a");
        await shard.LoseAsync("k");

        Assert.Equal("4 -80 0", await shard.RunAsync("settle"));
        Assert.Equal("1 920 0", await shard.RunAsync("hydrate"));
        Assert.Equal("-4 920 0", await shard.RunAsync("reserve", (2, PrivateShard.Rid(2)), (3, "921"), (8, "1000")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_for_another_key_than_the_hold_is_a_conflict(Backend backend)
    {
        var shard = await HeldAsync(backend);
        var before = await shard.StateAsync();

        Assert.Equal("-8 0 0", await shard.RunAsync("settle", (6, "10")));
        Assert.Equal("-8 0 0", await shard.RunAsync("release", (4, "10")));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Release_gives_the_hold_back_once(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("reserve", (2, PrivateShard.Rid(2)), (3, "300"));

        Assert.Equal("1 700 0", await shard.RunAsync("release"));
        Assert.Equal("2 700 0", await shard.RunAsync("release"));

        Assert.Equal("300", await shard.FieldAsync("a", "pend"));
        Assert.Equal("1", await shard.FieldAsync("k", "open"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Acknowledgement_drops_the_charge_and_takes_over_newer_numbers_once(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("settle");

        Assert.Equal("1 1 0", await shard.RunAsync("ack"));
        var after = await shard.StateAsync();
        Assert.Equal("1 0 0", await shard.RunAsync("ack"));

        Assert.Equal(after, await shard.StateAsync());
        Assert.Equal("920", await shard.FieldAsync("a", "bal"));
        Assert.Equal("6", await shard.FieldAsync("a", "ver"));
        Assert.Equal("0", await shard.FieldAsync("a", "uns"));
        Assert.Equal("80", await shard.FieldAsync("k", "spent"));
        Assert.Equal("0", await shard.FieldAsync("k", "uns"));
        Assert.Equal("nil", await shard.FieldAsync("o", PrivateShard.Rid(1)));
    }

    [Theory]
    [OnEachBackend]
    public async Task Acknowledgement_with_older_numbers_drops_the_charge_and_keeps_the_newer(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("settle");
        await shard.RunAsync("ack", (3, "700"), (4, "9"), (6, "300"), (7, "8"), (8, PrivateShard.Rid(7)));

        Assert.Equal("1 1 0", await shard.RunAsync("ack"));

        Assert.Equal("700", await shard.FieldAsync("a", "bal"));
        Assert.Equal("300", await shard.FieldAsync("k", "spent"));
        Assert.Equal("0", await shard.FieldAsync("a", "uns"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Acknowledgement_drops_a_hold_that_was_never_settled_here(Backend backend)
    {
        var shard = await HeldAsync(backend);

        Assert.Equal("1 1 0", await shard.RunAsync("ack"));

        Assert.Equal("0", await shard.FieldAsync("a", "pend"));
        Assert.Equal("0", await shard.FieldAsync("k", "open"));
        Assert.Equal("nil", await shard.FieldAsync("r", PrivateShard.Rid(1)));
    }

    [Theory]
    [OnEachBackend]
    public async Task Acknowledgement_leaves_charges_of_others_alone(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.RunAsync("settle");

        Assert.Equal("1 0 0", await shard.RunAsync("ack", (5, "10"), (3, "1000"), (4, "5")));
        Assert.Equal("1 0 0", await shard.RunAsync("ack", (2, "72"), (3, "1000"), (4, "5")));

        Assert.Equal("80", await shard.FieldAsync("a", "uns"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Acknowledgement_of_many_counts_each_once(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        for (var i = 1; i <= 20; i++)
        {
            await shard.RunAsync("settle", (2, PrivateShard.Rid(i)), (3, "7"));
        }

        var rids = Enumerable.Range(1, 20).Concat([1, 2, 99]).Select(PrivateShard.Rid);
        var answer = await shard.RunRawAsync("ack", [.. PrivateShard.GoodArguments["ack"][..7], .. rids]);

        Assert.Equal("1 20 0", answer);
        Assert.Equal("0", await shard.FieldAsync("a", "uns"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Callers_of_another_epoch_are_refused(Backend backend)
    {
        var shard = await HeldAsync(backend);
        await shard.BuildAsync("4");
        var before = await shard.StateAsync();

        foreach (var script in PrivateShard.GoodArguments.Keys)
        {
            Assert.Equal("-5 4 0", await shard.RunAsync(script));
        }

        Assert.Equal(before, await shard.StateAsync());
    }

    private async Task<PrivateShard> HeldAsync(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        Assert.Equal("1 900 0", await shard.RunAsync("reserve"));
        return shard;
    }
}
