using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests;

public sealed class RedisClientTests(Backends backends)
{
    private static CancellationToken None => CancellationToken.None;

    [Theory]
    [OnEachBackend]
    public async Task Plain_commands_do_what_they_say(Backend backend)
    {
        var client = backends.Client(backend);
        var key = $"test:{Guid.NewGuid():n}";
        var value = Enumerable.Range(0, 256).Select(i => (byte)i).ToArray();

        await client.PingAsync(None);
        Assert.Null(await client.GetAsync(key, None));
        await client.SetAsync(key, value, null, None);
        Assert.Equal(value, await client.GetAsync(key, None));
        Assert.Equal([value, null, value], await client.GetManyAsync([key, key + "x", key], None));
        Assert.Empty(await client.GetManyAsync([], None));
        Assert.True(await client.DeleteAsync(key, None));
        Assert.False(await client.DeleteAsync(key, None));
        await client.SetAsync(key, ReadOnlyMemory<byte>.Empty, null, None);
        Assert.Empty((await client.GetAsync(key, None))!);
        Assert.False(await client.PublishAsync(key, value, None));
        await client.DeleteAsync(key, None);
    }

    [Theory]
    [OnEachBackend]
    public async Task Value_with_an_expiry_goes_by_itself(Backend backend)
    {
        var client = backends.Client(backend);
        var key = $"test:{Guid.NewGuid():n}";

        await client.SetAsync(key, "x"u8.ToArray(), TimeSpan.FromSeconds(100), None);
        var left = (await ServerState.ListAsync(client.Runner, "PTTL", key)).Single();
        Assert.InRange(int.Parse(left, System.Globalization.CultureInfo.InvariantCulture), 90_000, 100_000);
        await client.SetAsync(key, "x"u8.ToArray(), TimeSpan.FromTicks(1), None);

        await TestKit.Servers.Probe.UntilAsync(
            async () => await client.GetAsync(key, None) is null, TimeSpan.FromSeconds(5), "the value is gone");
    }

    [Theory]
    [OnEachBackend]
    public async Task Replies_reach_their_callers_among_many_of_every_size(Backend backend)
    {
        var options = Backends.Patient(backends.Url(backend)) with { Connections = 2, ContinuesInline = true };
        await using var client = await RedisClient.ConnectAsync(options, None);
        var prefix = $"test:{Guid.NewGuid():n}:";

        await Task.WhenAll(Enumerable.Range(0, 64).Select(async worker =>
        {
            var random = new Random(worker);
            for (var i = 0; i < 40; i++)
            {
                // Mostly small, now and then large enough to be cut many times on its way.
                var value = new byte[random.Next(random.Next(20) == 0 ? 200_000 : 200)];
                random.NextBytes(value);
                await client.SetAsync(prefix + worker, value, TimeSpan.FromMinutes(1), None);
                Assert.Equal(value, await client.GetAsync(prefix + worker, None));
            }
        }));
    }

    [Fact]
    public async Task Disposed_client_ends_open_calls_and_refuses_new_ones()
    {
        await using var stub = RespStub.Greeting(_ => null);
        var client = await RedisClient.ConnectAsync(RedisOptions.Parse(stub.Url), None);
        var open = client.GetAsync("k", None).AsTask();

        await client.DisposeAsync();

        await Assert.ThrowsAsync<RedisUnavailableException>(() => open);
        var late = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await client.GetAsync("k", None));
        Assert.Equal(RedisFault.NotConnected, late.Fault);
        Assert.False(client.IsConnected);
    }
}
