using System.Text;
using TokenHub.Redis.Cluster;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis;

/// <summary>The server runs scripts at the same time as one another: it would let money be spent twice.</summary>
public sealed class ScriptIsolationException(string message) : Exception(message);

/// <summary>
/// Tries to spend the same money twice, and refuses a server that lets it happen. Garnet without
/// <c>--lua-transaction-mode</c> does: its scripts interleave. Run at every start, before any money moves.
/// </summary>
public static class ScriptIsolation
{
    private const int ConnectionCount = 2;
    private const int Rounds = 3;
    private const int Funds = 1;
    private const int KeyLifeMs = 30_000;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    // How often the first script looks for the second before it goes on alone. Redis and Valkey run scripts on one
    // thread and serve nobody meanwhile, so there it is short; elsewhere it is some twenty milliseconds, in which
    // another thread gets its turn also on one processor.
    private const int LooksOnOneThread = 2_000;
    private const int LooksOnMany = 20_000;

    // Each script reads the funds, says that it has come, waits for the other, and only then spends. Scripts that are
    // kept apart never meet, and the second finds nothing left; scripts that are not spend the same unit both.
    private static readonly LuaScript Race = new("race", 1, "", """
        local left = tonumber(redis.call('HGET', KEYS[1], 'left') or '0')
        local come = redis.call('HINCRBY', KEYS[1], 'come', '1')
        local looks = tonumber(ARGV[1])
        while come < 2 and looks > 0 do
          come = tonumber(redis.call('HGET', KEYS[1], 'come'))
          looks = looks - 1
        end
        if left < 1 then return {0, left, looks} end
        redis.call('HSET', KEYS[1], 'left', '0')
        return {1, left, looks}
        """);

    /// <exception cref="ScriptIsolationException">Scripts are not isolated, or cannot run at all.</exception>
    /// <exception cref="RedisUnavailableException">The server could not be asked.</exception>
    public static async Task VerifyAsync(RedisOptions options, CancellationToken cancellationToken)
    {
        var patient = options with { Connections = 1, CallTimeout = CallTimeout, ContinuesInline = false };
        var clients = new List<RedisClient>(ConnectionCount);
        try
        {
            for (var i = 0; i < ConnectionCount; i++)
            {
                clients.Add(await RedisClient.ConnectAsync(patient, cancellationToken).ConfigureAwait(false));
            }

            for (var round = 0; round < Rounds; round++)
            {
                foreach (var node in clients[0].Nodes)
                {
                    await RunRoundAsync(clients, node, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static async Task RunRoundAsync(
        List<RedisClient> clients, RedisNode node, CancellationToken cancellationToken)
    {
        var key = KeyAt(node);
        var runner = clients[0].Runner;
        await DoAsync(runner, runner.Begin("HSET"u8).Add(key).Add("left"u8).Add(Funds), cancellationToken)
            .ConfigureAwait(false);
        await DoAsync(runner, runner.Begin("PEXPIRE"u8).Add(key).Add(KeyLifeMs), cancellationToken)
            .ConfigureAwait(false);
        try
        {
            var spent = await Task.WhenAll(clients.Select(client => SpendAsync(client, key, cancellationToken)))
                .ConfigureAwait(false);
            if (spent.Count(isSpent => isSpent) != Funds)
            {
                throw new ScriptIsolationException(
                    $"Redis at {node.Endpoint} does not keep scripts apart: two spent the same unit. "
                    + "If it is Garnet, start it with --lua-transaction-mode.");
            }
        }
        catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
        {
            throw new ScriptIsolationException(
                $"Redis at {node.Endpoint} cannot run scripts ({error.Message}). "
                + "If it is Garnet, start it with --lua --lua-transaction-mode.");
        }
        finally
        {
            await clients[0].DeleteAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }

    // A key that this node of a Cluster has; each node may be of another build.
    private static string KeyAt(RedisNode node)
    {
        var name = Guid.NewGuid().ToString("n");
        for (var i = 0; ; i++)
        {
            var key = $"tokenhub:isolation:{{{name}:{i}}}";
            var slot = HashSlot.Of(Encoding.ASCII.GetBytes(key));
            if (node.Slots.Count == 0 || node.Slots.Any(range => slot >= range.First && slot <= range.Last))
            {
                return key;
            }
        }
    }

    private static async Task<bool> SpendAsync(RedisClient client, string key, CancellationToken cancellationToken)
    {
        var looks = client.Server.Kind is RedisKind.Redis or RedisKind.Valkey ? LooksOnOneThread : LooksOnMany;
        var begun = client.Runner.Begin(Race).Add(key).Add(looks);
        using var reply = await client.Runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return IsSpent(reply.Read());
    }

    private static async Task DoAsync(IScriptRunner runner, RespCall begun, CancellationToken cancellationToken) =>
        (await runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();

    private static bool IsSpent(RespReader reader) => TillReply.Read(ref reader).Code == TillCode.Ok;
}
