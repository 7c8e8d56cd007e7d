using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>What is overdue is listed, by a clock that the test sets; listing changes nothing.</summary>
public sealed class ListTests(Backends backends)
{
    private const long StartMs = 1_790_000_000_000;

    [Theory]
    [OnEachBackend]
    public async Task Hold_is_due_at_its_deadline_and_not_before(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await shard.RunAsync("reserve", (4, "1000"));

        await SetAsync(clock, StartMs + 999);
        Assert.Equal("1", await shard.RunAsync("reap"));
        await SetAsync(clock, StartMs + 1000);
        var before = await shard.StateAsync();
        Assert.Equal(Due(1, StartMs + 1000), await shard.RunAsync("reap"));
        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [OnEachBackend]
    public async Task Heartbeat_keeps_a_hold_from_being_due(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await shard.RunAsync("reserve", (4, "1000"));
        await SetAsync(clock, StartMs + 900);
        await shard.RunAsync("extend", (3, "0"), (4, "1000"));

        await SetAsync(clock, StartMs + 1899);
        Assert.Equal("1", await shard.RunAsync("reap"));
        await SetAsync(clock, StartMs + 1900);
        Assert.Equal(Due(1, StartMs + 1900), await shard.RunAsync("reap"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Due_holds_come_oldest_first_up_to_the_limit_and_go_with_their_end(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await shard.RunAsync("reserve", (4, "3000"));
        await shard.RunAsync("reserve", (4, "1000"), (2, PrivateShard.Rid(2)));
        await shard.RunAsync("reserve", (4, "2000"), (2, PrivateShard.Rid(3)));
        await SetAsync(clock, StartMs + 60_000);

        var (second, third) = (Due(2, StartMs + 1000)[2..], Due(3, StartMs + 2000)[2..]);
        Assert.Equal($"1 {second} {third}", await shard.RunAsync("reap", (2, "2")));
        Assert.Equal("1", await shard.RunAsync("reap", (2, "0")));
        await shard.RunAsync("release", (2, PrivateShard.Rid(2)));
        await shard.RunAsync("settle", (2, PrivateShard.Rid(3)));
        await shard.RunAsync("ack");
        Assert.Equal("1", await shard.RunAsync("reap"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Charge_is_listed_from_its_age_on_until_it_is_acknowledged(Backend backend)
    {
        var (shard, clock) = await ReadyAsync(backend);
        await shard.RunAsync("settle");
        await SetAsync(clock, StartMs + 500);
        await shard.RunAsync("settle", (2, PrivateShard.Rid(2)));

        var (first, second) = ($"{PrivateShard.Rid(1)} 71|9|80|record", $"{PrivateShard.Rid(2)} 71|9|80|record");
        Assert.Equal("1", await shard.RunAsync("outbox", (2, "501")));
        Assert.Equal($"1 {first}", await shard.RunAsync("outbox", (2, "500")));
        Assert.Equal($"1 {first}", await shard.RunAsync("outbox", (2, "1")));
        Assert.Equal($"1 {first} {second}", await shard.RunAsync("outbox"));
        Assert.Equal($"1 {first}", await shard.RunAsync("outbox", (3, "1")));
        await shard.RunAsync("ack");
        Assert.Equal($"1 {second}", await shard.RunAsync("outbox"));
    }

    [Theory]
    [OnEachBackend]
    public async Task Every_byte_of_a_record_comes_back(Backend backend)
    {
        var (shard, _) = await ReadyAsync(backend);
        var bytes = string.Concat(Enumerable.Range(0, 256).Select(value => (char)value));

        await shard.RunAsync("settle", (4, bytes));

        Assert.Equal($"1 {PrivateShard.Rid(1)} 71|9|80|{bytes}", await shard.RunAsync("outbox"));
    }

    private static string Due(int number, long deadlineMs) => $"1 71|{PrivateShard.Rid(number)}|3.17|9 {deadlineMs}";

    private static Task SetAsync(ClockedRunner clock, long ms) => clock.SetAsync(ms * 1000);

    private async Task<(PrivateShard Shard, ClockedRunner Clock)> ReadyAsync(Backend backend)
    {
        var clock = await ClockedRunner.CreateAsync(backends.Client(backend).Runner);
        await SetAsync(clock, StartMs);
        return (await PrivateShard.ReadyAsync(clock), clock);
    }
}
