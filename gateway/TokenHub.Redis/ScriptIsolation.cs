using System.Globalization;
using System.Text;
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
    private const int ConnectionCount = 4;
    private const int RoundsMax = 3;
    private const int CallsPerConnection = 24;
    private const int Funds = ConnectionCount * CallsPerConnection / 2;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    // Between look and deduction stands work of some hundred microseconds: wide enough that scripts which may
    // interleave do, also on a machine with one processor.
    private static readonly LuaScript Race = new("race", 1, "", """
        local left = tonumber(redis.call('GET', KEYS[1]) or '0')
        local spin = 0
        for i = 1, 20000 do spin = spin + i % 7 end
        if left <= 0 or spin < 0 then return {0, left, 0} end
        redis.call('SET', KEYS[1], string.format('%.0f', left - 1))
        return {1, left - 1, 0}
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

            for (var round = 0; round < RoundsMax; round++)
            {
                await RunRoundAsync(clients, cancellationToken).ConfigureAwait(false);
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

    private static async Task RunRoundAsync(List<RedisClient> clients, CancellationToken cancellationToken)
    {
        var key = $"tokenhub:isolation:{Guid.NewGuid():n}";
        var funds = Encoding.ASCII.GetBytes(Funds.ToString(CultureInfo.InvariantCulture));
        await clients[0].SetAsync(key, funds, TimeSpan.FromSeconds(30), cancellationToken).ConfigureAwait(false);
        try
        {
            var spent = await Task.WhenAll(clients.Select(client => SpendAsync(client, key, cancellationToken)))
                .ConfigureAwait(false);
            if (spent.Sum() != Funds)
            {
                throw new ScriptIsolationException(
                    $"Redis at {clients[0].Options.Endpoint} does not keep scripts apart: {spent.Sum()} of {Funds} units "
                    + "were spent in a race. If it is Garnet, start it with --lua-transaction-mode.");
            }
        }
        catch (RedisUnavailableException error) when (error.Fault == RedisFault.ServerError)
        {
            throw new ScriptIsolationException(
                $"Redis at {clients[0].Options.Endpoint} cannot run scripts ({error.Message}). "
                + "If it is Garnet, start it with --lua --lua-transaction-mode.");
        }
        finally
        {
            await clients[0].DeleteAsync(key, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static async Task<int> SpendAsync(RedisClient client, string key, CancellationToken cancellationToken)
    {
        var calls = new Task<bool>[CallsPerConnection];
        for (var i = 0; i < calls.Length; i++)
        {
            calls[i] = SpendOneAsync(client.Runner, key, cancellationToken);
        }

        return (await Task.WhenAll(calls).ConfigureAwait(false)).Count(isSpent => isSpent);
    }

    private static async Task<bool> SpendOneAsync(IScriptRunner runner, string key, CancellationToken cancellationToken)
    {
        using var reply =
            await runner.RunAsync(runner.Begin(Race).Add(key), cancellationToken).ConfigureAwait(false);
        return IsSpent(reply.Read());
    }

    private static bool IsSpent(RespReader reader) => TillReply.Read(ref reader).Code == TillCode.Ok;
}
