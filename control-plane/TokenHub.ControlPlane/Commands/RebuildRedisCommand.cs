using Npgsql;
using TokenHub.ControlPlane.Options;
using TokenHub.Ledger;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Commands;

/// <summary>
/// <c>ledger rebuild-redis</c>: closes all shards, whatever state Redis is in, and waits until they are open again. It
/// does what the running control planes do, so it works beside them and without any.
/// </summary>
internal static class RebuildRedisCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static OperatorCommand Command { get; } = new(
        ["ledger", "rebuild-redis"],
        "",
        "open all Redis shards anew from the ledger and the gateways",
        RunAsync);

    private static async Task<int> RunAsync(CommandRun run)
    {
        if (run.Arguments.Count > 0)
        {
            return await run.EndAsync(CommandRun.Misused, "Usage: ledger rebuild-redis");
        }

        if (ControlPlaneOptionsReader.Read(run.Environment, out var faults) is not { } options)
        {
            return await run.RefuseAsync(faults);
        }

        try
        {
            await using var database = LedgerDatabase.Open(options.DatabaseConnection);
            await using var redis = await RedisClient.ConnectAsync(options.Redis, CancellationToken.None);
            var watch = new RedisWatch(
                database, redis, new Till(redis.Runner), new GatewayLeases(database), TimeProvider.System);
            return await RebuildAsync(watch, run);
        }
        catch (Exception fault) when (fault is NpgsqlException or RedisUnavailableException)
        {
            return await run.EndAsync(CommandRun.Failed, $"Redis cannot be rebuilt: {fault.Message}");
        }
    }

    private static async Task<int> RebuildAsync(RedisWatch watch, CommandRun run)
    {
        var started = TimeProvider.System.GetTimestamp();
        var number = await watch.CloseAllAsync();
        await run.Output.WriteLineAsync($"Rebuild {number}: all shards are closed; gateways tell what they hold.");
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            await watch.RunAsync();
            if (await watch.ReadUnderWayAsync() == 0)
            {
                var took = TimeProvider.System.GetElapsedTime(started);
                await run.Output.WriteLineAsync(
                    $"Rebuild {number}: all shards are open after {took.TotalSeconds:0.0} s.");
                return CommandRun.Succeeded;
            }

            await Task.Delay(RedisWatch.IntervalWhileClosed);
        }

        return await run.EndAsync(
            CommandRun.Failed, $"Rebuild {number} is not done; a control plane that runs will finish it.");
    }
}
