using Npgsql;
using TokenHub.Ledger.Sealing;

namespace TokenHub.ControlPlane.Sealing;

/// <summary>
/// Seals new transfers while the control plane runs, and keeps the chain's heads beside the database. What is not
/// sealed now is sealed later.
/// </summary>
internal sealed partial class SealingLoop(Sealer sealer, HeadKeeper heads, ILogger<SealingLoop> logger)
    : BackgroundService
{
    private static readonly int RoundsPerHead = (int)(HeadKeeper.Interval / Sealer.Interval);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Sealer.Interval);
        try
        {
            for (var round = 0; await timer.WaitForNextTickAsync(stoppingToken); round++)
            {
                try
                {
                    await sealer.SealAsync(stoppingToken);
                    if (round % RoundsPerHead == 0)
                    {
                        await KeepHeadAsync(stoppingToken);
                    }
                }
                catch (Exception fault) when (fault is NpgsqlException or TimeoutException or IOException)
                {
                    LogPutOff(logger, fault.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The control plane stops.
        }
    }

    private async Task KeepHeadAsync(CancellationToken ct)
    {
        await heads.KeepAsync(ct);
        if (heads.Fault is { } fault)
        {
            LogRewritten(logger, fault);
        }
    }

    [LoggerMessage(601, LogLevel.Critical, "The ledger's chain was made anew or cut: {Fault}. Run 'ledger verify'.")]
    private static partial void LogRewritten(ILogger logger, string fault);

    [LoggerMessage(600, LogLevel.Warning, "Sealing transfers is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
