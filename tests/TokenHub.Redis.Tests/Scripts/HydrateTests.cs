using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>What PostgreSQL says is brought in: hydration, balances, holds put back.</summary>
public sealed class HydrateTests(Backends backends)
{
    [Theory]
    [OnEachBackend]
    public async Task Hydration_again_changes_nothing(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("reserve");
        var before = await shard.StateAsync();

        Assert.Equal("2 900 0", await shard.RunAsync("hydrate"));
        Assert.Equal("2 900 0", await shard.RunAsync("hydrate", (2, "1"), (3, "4"), (4, "0")));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Hydration_at_the_same_time_sets_the_balance_and_never_adds_to_it(Backend backend)
    {
        var shard = new PrivateShard(backends.Client(backend).Runner);
        await shard.BuildAsync("1");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => shard.RunAsync("hydrate")));

        Assert.Equal(1, answers.Count(answer => answer == "1 1000 0"));
        Assert.Equal(7, answers.Count(answer => answer == "2 1000 0"));
        Assert.Equal("1000", await shard.FieldAsync("a", "bal"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Hydration_replaces_what_an_old_copy_of_Redis_still_has(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("reserve");

        Assert.Equal("1 200 0", await shard.RunAsync("hydrate", (2, "300"), (3, "8"), (7, "700"), (8, "4")));

        Assert.Equal("300", await shard.FieldAsync("a", "bal"));
        Assert.Equal("700", await shard.FieldAsync("k", "spent"));
        Assert.Equal("100", await shard.FieldAsync("a", "pend"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Hydration_without_a_key_brings_the_account_alone(Backend backend)
    {
        var shard = new PrivateShard(backends.Client(backend).Runner);
        await shard.BuildAsync("1");

        Assert.Equal("1 1000 0", await shard.RunAsync("hydrate", (6, "0")));

        Assert.Equal("nil", await shard.FieldAsync("k", "sver"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Hydration_and_holds_put_back_work_before_the_shard_is_built(Backend backend)
    {
        var shard = new PrivateShard(backends.Client(backend).Runner);

        Assert.Equal("1 1 0", await shard.RunAsync("rehold"));
        Assert.Equal("1 900 0", await shard.RunAsync("hydrate"));
        await shard.BuildAsync("1");
        Assert.Equal("1 800 0", await shard.RunAsync("reserve"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Newer_balance_is_taken_and_an_older_one_is_not(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("reserve");

        Assert.Equal("1 1900 0", await shard.RunAsync("setbal"));
        Assert.Equal("2 1900 0", await shard.RunAsync("setbal", (2, "1"), (3, "6")));
        Assert.Equal("2 1900 0", await shard.RunAsync("setbal", (2, "1"), (3, "3")));
        Assert.Equal("1 -150 0", await shard.RunAsync("setbal", (2, "-50"), (3, "7")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Status_and_slots_are_taken_whatever_the_version(Backend backend)
    {
        var shard = await ReadyAsync(backend);

        Assert.Equal("1 1000 0", await shard.RunAsync("setbal", (2, "77"), (3, "1"), (4, "0")));

        Assert.Equal("0", await shard.FieldAsync("a", "st"));
        Assert.Equal("1000", await shard.FieldAsync("a", "bal"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Balance_of_an_account_that_is_not_there_is_not_made_up(Backend backend)
    {
        var shard = new PrivateShard(backends.Client(backend).Runner);
        Assert.Equal("-2 0 0", await shard.RunAsync("setbal"));
        await shard.BuildAsync("1");
        Assert.Equal("-6 0 0", await shard.RunAsync("setbal"));
        await shard.RunAsync("rehold");
        Assert.Equal("-6 0 0", await shard.RunAsync("setbal"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Hold_is_put_back_only_where_it_is_absent_and_whatever_the_funds(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("settle", (2, PrivateShard.Rid(3)), (3, "10"));
        string[] holds =
        [
            "1", PrivateShard.Account, PrivateShard.Key,
            PrivateShard.Rid(1), "600", "60000", "3.17",
            PrivateShard.Rid(2), "600", "60000", "3.17",
            PrivateShard.Rid(3), "600", "60000", "3.17",
            PrivateShard.Rid(1), "600", "60000", "3.17",
        ];

        Assert.Equal("1 2 0", await shard.RunRawAsync("rehold", holds));
        Assert.Equal("1 0 0", await shard.RunRawAsync("rehold", holds));

        Assert.Equal("1200", await shard.FieldAsync("a", "pend"));
        Assert.Equal("2", await shard.FieldAsync("k", "open"));
        Assert.Equal("2 -210 0", await shard.RunAsync("reserve", (3, "600")));
    }

    [Theory]
    [OnEachBackend]
    public async Task One_bad_hold_among_good_ones_puts_none_back(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        var before = await shard.StateAsync();
        string[] good = ["1", PrivateShard.Account, PrivateShard.Key, PrivateShard.Rid(1), "600", "60000", "3.17"];
        var rid = PrivateShard.Rid(2);

        Assert.Equal("-9 0 0", await shard.RunRawAsync("rehold", [.. good, rid, "-1", "60000", "3.17"]));
        Assert.Equal("-9 0 0", await shard.RunRawAsync("rehold", [.. good, rid, "600"]));
        Assert.Equal("-9 0 0", await shard.RunRawAsync("rehold", [.. good, rid, "9007199254740991", "60000", "3.17"]));

        Assert.Equal(before, await shard.StateAsync());
    }

    private Task<PrivateShard> ReadyAsync(Backend backend) => PrivateShard.ReadyAsync(backends.Client(backend).Runner);
}
