using System.Globalization;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

public sealed class ExtendTests(Backends backends)
{
    [Theory]
    [OnEachBackend]
    public async Task Extension_adds_to_the_hold_and_moves_its_deadline(Backend backend)
    {
        var shard = await HeldAsync(backend, ttlMs: "1000");
        var before = await DeadlineAsync(shard);

        Assert.Equal("1 850 0", await shard.RunAsync("extend"));

        Assert.Equal("150", await shard.FieldAsync("a", "pend"));
        Assert.Equal("150", await shard.FieldAsync("k", "pend"));
        Assert.InRange(await DeadlineAsync(shard), before + 59_000, before + 90_000);
        Assert.Equal("2 850 0", await shard.RunAsync("reserve"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Deadline_never_moves_back(Backend backend)
    {
        var shard = await HeldAsync(backend, ttlMs: "60000");
        var before = await DeadlineAsync(shard);

        Assert.Equal("1 850 0", await shard.RunAsync("extend", (4, "1")));

        Assert.Equal(before, await DeadlineAsync(shard));
    }

    [Theory]
    [OnEachBackend]
    public async Task Heartbeat_needs_no_funds_no_active_account_and_no_cap(Backend backend)
    {
        var shard = await HeldAsync(backend, ttlMs: "1000");
        await shard.RunAsync("setbal", (2, "-500"), (3, "6"), (4, "0"));
        await shard.LoseAsync("k");

        Assert.Equal("1 -600 0", await shard.RunAsync("extend", (3, "0"), (7, "0")));
    }

    [Theory]
    [InlineData(Backend.Redis, "-1 900 0", 3, "901")]
    [InlineData(Backend.Redis, "-4 20 0", 7, "120")]
    [InlineData(Backend.Redis, "-5 1 0", 1, "2")]
    [InlineData(Backend.Redis, "-8 0 0", 6, "10")]
    [InlineData(Backend.Redis, "-11 900 0", 2, "00000000000000000000000000000009")]
    [InlineData(Backend.Garnet, "-1 900 0", 3, "901")]
    [InlineData(Backend.Garnet, "-4 20 0", 7, "120")]
    [InlineData(Backend.Garnet, "-5 1 0", 1, "2")]
    [InlineData(Backend.Garnet, "-8 0 0", 6, "10")]
    [InlineData(Backend.Garnet, "-11 900 0", 2, "00000000000000000000000000000009")]
    public async Task Refused_extension_says_why_and_changes_nothing(
        Backend backend, string expected, int position, string value)
    {
        var shard = await HeldAsync(backend, ttlMs: "60000");
        var before = await shard.StateAsync();

        Assert.Equal(expected, await shard.RunAsync("extend", (position, value)));

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Extension_of_a_disabled_or_lost_account_is_refused(Backend backend)
    {
        var shard = await HeldAsync(backend, ttlMs: "60000");
        await shard.RunAsync("setbal", (2, "1000"), (3, "5"), (4, "0"));
        Assert.Equal("-3 0 0", await shard.RunAsync("extend"));
        await shard.LoseAsync("a");
        Assert.Equal("-6 0 0", await shard.RunAsync("extend"));
        await shard.LoseAsync("ep");
        Assert.Equal("-2 0 0", await shard.RunAsync("extend"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Extension_after_settlement_says_so(Backend backend)
    {
        var shard = await HeldAsync(backend, ttlMs: "60000");
        await shard.RunAsync("settle");

        Assert.Equal("3 920 0", await shard.RunAsync("extend"));
    }

    private async Task<PrivateShard> HeldAsync(Backend backend, string ttlMs)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        Assert.Equal("1 900 0", await shard.RunAsync("reserve", (4, ttlMs)));
        return shard;
    }

    private static async Task<long> DeadlineAsync(PrivateShard shard) => long.Parse(
        (await shard.FieldAsync("r", PrivateShard.Rid(1))).Split('|')[1], CultureInfo.InvariantCulture);
}
