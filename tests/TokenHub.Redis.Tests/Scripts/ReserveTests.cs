using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

public sealed class ReserveTests(Backends backends)
{
    private static readonly string Other = PrivateShard.Rid(2);

    [Theory]
    [OnEachBackend]
    public async Task Reserve_holds_the_amount_in_every_place(Backend backend)
    {
        var shard = await ReadyAsync(backend);

        Assert.Equal("1 900 0", await shard.RunAsync("reserve"));

        Assert.Equal("100", await shard.FieldAsync("a", "pend"));
        Assert.Equal("100", await shard.FieldAsync("k", "pend"));
        Assert.Equal("1", await shard.FieldAsync("k", "open"));
        Assert.Matches("^100\\|[0-9]{13}\\|3\\.17\\|9\\|100\\|10\\|6000\\|[0-9]{16}\\|0\\|0$", await shard.FieldAsync("r", PrivateShard.Rid(1)));
        Assert.Contains($"71|{PrivateShard.Rid(1)}|3.17|9", await shard.StateAsync());
    }

    public static TheoryData<Backend, string, (int Position, string Value)[]> Refusals()
    {
        var data = new TheoryData<Backend, string, (int Position, string Value)[]>();
        foreach (var backend in Enum.GetValues<Backend>())
        {
            data.Add(backend, "-1 900 0", [(3, "901"), (8, "")]);
            data.Add(backend, "-4 400 0", [(3, "401"), (8, "500")]);
            data.Add(backend, "-4 -50 0", [(3, "0"), (8, "50")]);
            data.Add(backend, "-5 1 0", [(1, "2")]);
            data.Add(backend, "-5 1 0", [(1, "0")]);
            data.Add(backend, "-7 0 60000", [(13, "100001")]);
            data.Add(backend, "-7 0 60000", [(11, "0")]);
            data.Add(backend, "-10 0 0", [(9, "1")]);
            data.Add(backend, "-10 0 0", [(9, "0")]);
            data.Add(backend, "-10 0 0", [(10, "1")]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Refused_reserve_says_why_and_changes_nothing(
        Backend backend, string expected, (int Position, string Value)[] changes)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("reserve");
        var before = await shard.StateAsync();

        Assert.Equal(expected, await shard.RunAsync("reserve", [(2, Other), .. changes]));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Reserve_refuses_a_disabled_account(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("setbal", (2, "1000"), (3, "5"), (4, "0"));
        var before = await shard.StateAsync();

        Assert.Equal("-3 0 0", await shard.RunAsync("reserve"));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Reserve_refuses_what_is_not_there(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.LoseAsync("k");
        Assert.Equal("-6 0 0", await shard.RunAsync("reserve"));
        await shard.RunAsync("hydrate");
        await shard.LoseAsync("a");
        Assert.Equal("-6 0 0", await shard.RunAsync("reserve"));
        await shard.LoseAsync("ep");
        Assert.Equal("-2 0 0", await shard.RunAsync("reserve"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Repeated_reserve_is_known_and_changes_nothing(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("reserve");
        var before = await shard.StateAsync();

        Assert.Equal("2 900 0", await shard.RunAsync("reserve"));
        Assert.Equal("-8 900 0", await shard.RunAsync("reserve", (3, "101")));
        Assert.Equal("-8 900 0", await shard.RunAsync("reserve", (7, "10")));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Repeated_reserve_is_known_also_when_funds_and_slots_are_gone(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        Assert.Equal("1 0 0", await shard.RunAsync("reserve", (3, "1000"), (9, "1"), (10, "1")));

        Assert.Equal("2 0 0", await shard.RunAsync("reserve", (3, "1000"), (9, "1"), (10, "1")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Late_reserve_finds_the_settlement(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("settle");
        var before = await shard.StateAsync();

        Assert.Equal("3 920 0", await shard.RunAsync("reserve"));
        Assert.Equal("-8 920 0", await shard.RunAsync("reserve", (6, "72")));
        Assert.Equal("-8 920 0", await shard.RunAsync("reserve", (7, "10")));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Lower_of_both_slot_counts_holds(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("setbal", (2, "1000"), (3, "5"), (5, "1"));
        await shard.RunAsync("reserve");

        Assert.Equal("-10 0 0", await shard.RunAsync("reserve", (2, Other), (9, "50")));
        await shard.RunAsync("release");
        Assert.Equal("1 900 0", await shard.RunAsync("reserve", (2, Other), (9, "50")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Reserve_without_limits_needs_only_funds(Backend backend)
    {
        var shard = await ReadyAsync(backend);

        var answer = await shard.RunAsync("reserve", (3, "1000"), (8, ""), (10, ""), (11, ""), (12, ""), (13, "0"));

        Assert.Equal("1 0 0", answer);
    }

    [Theory]
    [OnEachBackend]
    public async Task Money_settled_but_not_yet_posted_is_spent(Backend backend)
    {
        var shard = await ReadyAsync(backend);
        await shard.RunAsync("settle", (2, Other), (3, "950"));

        Assert.Equal("-1 50 0", await shard.RunAsync("reserve"));
        Assert.Equal("-4 50 0", await shard.RunAsync("reserve", (8, "1000")));
    }

    private Task<PrivateShard> ReadyAsync(Backend backend) => PrivateShard.ReadyAsync(backends.Client(backend).Runner);
}
