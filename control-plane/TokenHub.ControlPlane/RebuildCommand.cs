using Npgsql;
using TokenHub.ControlPlane.Options;
using TokenHub.Ledger;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.ControlPlane;

/// <summary>
/// <c>ledger rebuild-redis</c>: closes all shards, whatever state Redis is in, and waits until they are open again. It
/// does what the running control planes do, so it works beside them and without any.
/// </summary>
internal static class RebuildCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(
        Func<string, string?> environment, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        if (ControlPlaneOptionsReader.Read(environment, out var faults) is not { } options)
        {
            await ControlPlaneCommand.WriteFaultsAsync(error, faults);
            return ControlPlaneCommand.Misused;
        }

        try
        {
            await using var database = LedgerDatabase.Open(options.DatabaseConnection);
            await using var redis = await RedisClient.ConnectAsync(options.Redis, cancellation);
            var watch = new RedisWatch(
                database, redis, new Till(redis.Runner), new GatewayLeases(database), TimeProvider.System);
            return await RebuildAsync(watch, output, error, cancellation);
        }
        catch (Exception fault) when (fault is NpgsqlException or RedisUnavailableException)
        {
            await error.WriteLineAsync($"Redis cannot be rebuilt: {fault.Message}");
            return ControlPlaneCommand.Failed;
        }
    }

    private static async Task<int> RebuildAsync(
        RedisWatch watch, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var started = TimeProvider.System.GetTimestamp();
        var number = await watch.CloseAllAsync(cancellation);
        await output.WriteLineAsync($"Rebuild {number}: all shards are closed; gateways tell what they hold.");
        while (TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            await watch.RunAsync(cancellation);
            if (await watch.ReadUnderWayAsync(cancellation) == 0)
            {
                var took = TimeProvider.System.GetElapsedTime(started);
                await output.WriteLineAsync($"Rebuild {number}: all shards are open after {took.TotalSeconds:0.0} s.");
                return ControlPlaneCommand.Succeeded;
            }

            await Task.Delay(RedisWatch.IntervalWhileClosed, cancellation);
        }

        await error.WriteLineAsync($"Rebuild {number} is not done; a control plane that runs will finish it.");
        return ControlPlaneCommand.Failed;
    }
}
