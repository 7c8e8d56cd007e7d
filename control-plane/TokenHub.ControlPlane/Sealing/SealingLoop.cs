using Npgsql;
using TokenHub.Ledger.Sealing;

namespace TokenHub.ControlPlane.Sealing;

/// <summary>Seals new transfers while the control plane runs. What is not sealed now is sealed later.</summary>
internal sealed partial class SealingLoop(Sealer sealer, ILogger<SealingLoop> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Sealer.Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await sealer.SealAsync(stoppingToken);
                }
                catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
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

    [LoggerMessage(600, LogLevel.Warning, "Sealing transfers is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
