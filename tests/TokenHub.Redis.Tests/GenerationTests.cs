using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

/// <summary>A server that may have lost something is told from one that only was out of reach.</summary>
public sealed class GenerationTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Restart_is_a_change_and_a_lost_connection_is_none()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Patient(server.Url), None);
        var runId = client.Nodes.Single().RunId;
        Assert.Equal(40, runId.Length);

        await server.AskAsync("CLIENT", "KILL", "TYPE", "normal");
        await BackAsync(client);
        Assert.Equal(0, client.Generation);

        for (var restarts = 1; restarts <= 3; restarts++)
        {
            await server.RestartAsync();
            await Probe.UntilAsync(
                () => client.Generation == restarts, TimeSpan.FromSeconds(10), $"{restarts} changes");
            await BackAsync(client);
        }

        Assert.NotEqual(runId, client.Nodes.Single().RunId);
        Assert.Equal(3, client.Generation);
    }

    [Fact]
    public async Task Garnet_tells_its_run_too()
    {
        await using var server = await GarnetServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Patient(server.Url), None);

        Assert.Equal(40, client.Nodes.Single().RunId.Length);
        Assert.Equal(server.Url, $"redis://{client.Nodes.Single().Endpoint}");
    }

    [Fact]
    public async Task Server_that_tells_no_run_counts_as_another_at_every_connection()
    {
        await using var stub = RespStub.Greeting(command => command[0] == "QUIT" ? RespStub.HangUp : "+OK\r\n");
        await using var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(stub.Url) with { Connections = 1 }, None);
        Assert.Equal(0, client.Generation);

        await Assert.ThrowsAsync<RedisUnavailableException>(
            async () => await client.Runner.RunAsync(client.Runner.Begin("QUIT"u8), None));
        await Probe.UntilAsync(() => client.Generation == 1, TimeSpan.FromSeconds(5), "a change");
    }

    [Fact]
    public async Task Change_is_told_and_counted_before_the_first_call_gets_through()
    {
        await using var server = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(Patient(server.Url), None);
        await client.SetAsync("k", "1"u8.ToArray(), null, None);
        var told = 0;
        client.Changed += () => Interlocked.Increment(ref told);

        await server.KillAsync();
        await server.RestartAsync();
        await Probe.UntilAsync(
            async () =>
            {
                try
                {
                    Assert.Null(await client.GetAsync("k", None));
                    return true;
                }
                catch (RedisUnavailableException)
                {
                    Assert.InRange(client.Generation, 0, 1);
                    return false;
                }
            },
            TimeSpan.FromSeconds(10),
            "an answer");
        Assert.Equal(1, client.Generation);
        await Probe.UntilAsync(() => told >= 2, TimeSpan.FromSeconds(5), "the loss and the change are told");
    }

    private static RedisOptions Patient(string url) => Backends.Patient(url) with { Connections = 2 };

    private static Task BackAsync(RedisClient client) => Probe.UntilAsync(
        async () =>
        {
            try
            {
                await client.PingAsync(None);
                return true;
            }
            catch (RedisUnavailableException)
            {
                return false;
            }
        },
        TimeSpan.FromSeconds(10),
        "the client is back");
}
