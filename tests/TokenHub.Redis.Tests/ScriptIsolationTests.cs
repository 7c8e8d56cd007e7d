using System.Diagnostics;
using TokenHub.Redis.Tests.Model;
using TokenHub.Redis.Tests.Servers;
using TokenHub.TestKit.Servers;

namespace TokenHub.Redis.Tests;

public sealed class ScriptIsolationTests(Backends backends)
{
    private const int Trials = 20;
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Garnet_without_transaction_mode_is_refused_every_time()
    {
        await using var server = await GarnetServer.StartAsync(transactionMode: false);
        var options = RedisOptions.Parse(server.Url);

        for (var i = 0; i < Trials; i++)
        {
            var error = await Assert.ThrowsAsync<ScriptIsolationException>(
                () => ScriptIsolation.VerifyAsync(options, None));

            Assert.Contains("--lua-transaction-mode", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [OnEachBackend]
    public async Task Server_that_keeps_scripts_apart_is_accepted_quickly_and_nothing_is_left_behind(Backend backend)
    {
        var options = RedisOptions.Parse(backends.Url(backend));
        var fastest = TimeSpan.MaxValue;

        for (var i = 0; i < Trials; i++)
        {
            var clock = Stopwatch.StartNew();
            await ScriptIsolation.VerifyAsync(options, None);
            fastest = clock.Elapsed < fastest ? clock.Elapsed : fastest;
        }

        Assert.InRange(fastest, TimeSpan.Zero, TimeSpan.FromMilliseconds(300));
        Assert.Empty(await ServerState.ListAsync(backends.Client(backend).Runner, "KEYS", "tokenhub:isolation:*"));
    }

    [Fact]
    public async Task Server_that_cannot_run_scripts_is_refused_with_the_cure()
    {
        await using var stub = new RespStub(command => command[0] switch
        {
            "HELLO" => "+OK\r\n",
            "HSET" or "PEXPIRE" or "DEL" => ":1\r\n",
            _ => "-ERR unknown command\r\n",
        });

        var error = await Assert.ThrowsAsync<ScriptIsolationException>(
            () => ScriptIsolation.VerifyAsync(RedisOptions.Parse(stub.Url), None));

        Assert.Contains("--lua", error.Message, StringComparison.Ordinal);
    }
}
