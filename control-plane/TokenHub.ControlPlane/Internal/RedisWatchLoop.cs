using Npgsql;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Internal;

/// <summary>
/// Keeps the watch over Redis going, quicker while shards are closed. That a server is away is said once.
/// </summary>
internal sealed class RedisWatchLoop(RedisWatch watch, ILogger<RedisWatchLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? said = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            var round = WatchRound.Open;
            try
            {
                round = await watch.RunAsync(stoppingToken);
                said = null;
            }
            catch (Exception error) when (error is NpgsqlException or RedisUnavailableException)
            {
                if (said != error.Message)
                {
                    logger.LogWarning("Redis cannot be watched: {Reason}", error.Message);
                    said = error.Message;
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                logger.LogError(error, "A round of the watch over Redis failed");
            }

            var pause = round == WatchRound.Waiting ? RedisWatch.IntervalWhileClosed : RedisWatch.Interval;
            await Task.Delay(pause, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
