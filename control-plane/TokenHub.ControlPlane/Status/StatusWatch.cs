using System.Text;
using Npgsql;
using TokenHub.ControlPlane.Events;
using TokenHub.Ledger.Gateways;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Status;

/// <summary>Tells open consoles when the state of the gateways changes. Looks only while somebody listens.</summary>
internal sealed partial class StatusWatch(
    EventBus bus, GatewayRegistry gateways, RedisClient redis, TimeProvider time, ILogger<StatusWatch> logger)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        var before = "";
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (bus.StreamCount == 0)
            {
                continue;
            }

            try
            {
                var now = Fingerprint(await gateways.ListAsync(stoppingToken), redis.IsConnected);
                if (now != before)
                {
                    // Every control plane looks for itself, so this is not relayed.
                    bus.Publish(new ConsoleEvent(Topics.Status, ConsoleEvent.Staff, []));
                    before = now;
                }
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                LogUnknown(logger, fault);
            }
        }
    }

    private static string Fingerprint(IReadOnlyList<GatewayStatus> gateways, bool redisIsConnected)
    {
        var text = new StringBuilder(redisIsConnected ? "redis" : "");
        foreach (var gateway in gateways)
        {
            text.Append($"|{gateway.No} {gateway.BootNo} {gateway.Alive} {gateway.Draining} {gateway.RecoveryDone} ")
                .Append($"{gateway.LastLsn} {gateway.AckedLsn} {gateway.OpenHolds} {gateway.SnapshotVersion}");
        }

        return text.ToString();
    }

    [LoggerMessage(400, LogLevel.Debug, "The state of the gateways could not be read")]
    private static partial void LogUnknown(ILogger logger, Exception fault);
}
