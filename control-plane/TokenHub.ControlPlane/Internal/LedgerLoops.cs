using Npgsql;
using TokenHub.ControlPlane.Metrics;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Holds;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Internal;

/// <summary>
/// What the ledger does by itself while the control plane runs. A failed round is logged and tried again.
/// </summary>
internal sealed class LedgerLoops(
    Acknowledger acknowledger,
    OutboxSweep outbox,
    Reaper reaper,
    LiveBalances balances,
    Recheck recheck,
    MoneyMetrics metrics,
    ILogger<LedgerLoops> logger) : BackgroundService
{
    private static readonly TimeSpan BalancesInterval = TimeSpan.FromSeconds(10);

    // Longer than the interval, so that no movement falls between two rounds.
    private static readonly TimeSpan BalancesWithin = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        acknowledger.RunAsync(stoppingToken),
        RepeatAsync("outbox", OutboxSweep.Interval, SweepAsync, stoppingToken),
        RepeatAsync("reaper", Reaper.Interval, ReapAsync, stoppingToken),
        RepeatAsync("returned gateways", Reaper.ReturnsInterval, SweepReturnedAsync, stoppingToken),
        RepeatAsync("recheck", Recheck.Interval, recheck.RunAsync, stoppingToken),
        RepeatAsync("balances", BalancesInterval, ct => balances.TellChangedAsync(BalancesWithin, ct), stoppingToken));

    private async Task SweepAsync(CancellationToken ct) => metrics.NoteCopies(await outbox.SweepAsync(null, ct));

    private async Task ReapAsync(CancellationToken ct) => metrics.NoteReleased(await reaper.ReapAsync(ct));

    private async Task SweepReturnedAsync(CancellationToken ct) =>
        metrics.NoteReleased(await reaper.SweepReturnedAsync(ct));

    private async Task RepeatAsync(
        string name, TimeSpan interval, Func<CancellationToken, Task> round, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(ct))
            {
                try
                {
                    await round(ct);
                }
                catch (Exception error) when (!ct.IsCancellationRequested)
                {
                    // A server that is away is said in a line; anything else is worth its stack.
                    var isOutage = error is NpgsqlException or RedisUnavailableException or LedgerBusyException;
                    logger.LogWarning(
                        isOutage ? null : error, "The {Name} round failed: {Reason}", name, error.Message);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The control plane stops.
        }
    }
}
