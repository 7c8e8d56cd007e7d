using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Settings;
using TokenHub.Ledger;

namespace TokenHub.ControlPlane.Health;

/// <summary>
/// Probes channels on schedule where the settings say so, one control plane at a time. A probe goes to the upstream
/// directly: no user is charged for it, and it is counted apart from real calls.
/// </summary>
internal sealed partial class HealthProbes(
    NpgsqlDataSource database,
    SettingQueries settings,
    ChannelQueries channels,
    ChannelProbe probe,
    HealthQueries health,
    TimeProvider time,
    ILogger<HealthProbes> logger) : BackgroundService
{
    private const int AtOnce = 4;
    private const int InOneRound = 64;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // What nobody is shown any more.
    private static readonly TimeSpan Kept = TimeSpan.FromDays(8);

    private const string LockSql = $"select pg_try_advisory_lock({AdvisoryLocks.ChannelProbes})";
    private const string UnlockSql = $"select pg_advisory_unlock({AdvisoryLocks.ChannelProbes})";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await RunAsync(stoppingToken);
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

    /// <summary>Probes all channels whose turn has come. Returns how many it tried.</summary>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var rules = await settings.RoutingAsync(cancellation);
        if (!rules.Probes)
        {
            return 0;
        }

        await using var turn = await database.OpenConnectionAsync(cancellation);
        if (!await turn.ExecuteScalarAsync<bool>(new CommandDefinition(LockSql, cancellationToken: cancellation)))
        {
            return 0;
        }

        try
        {
            var now = time.GetUtcNow().UtcDateTime;
            var due = await health.DueAsync(
                now - TimeSpan.FromSeconds(rules.ProbeEverySeconds), InOneRound, cancellation);
            var limits = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
            await Parallel.ForEachAsync(due, limits, async (id, stop) => await ProbeAsync(id, stop));
            await health.ForgetAsync(now - Kept, cancellation);
            return due.Count;
        }
        finally
        {
            await turn.ExecuteAsync(new CommandDefinition(UnlockSql, cancellationToken: CancellationToken.None));
        }
    }

    private async Task ProbeAsync(long id, CancellationToken cancellation)
    {
        var channel = await channels.FindAsync(id, onlyUser: null, cancellation);
        var model = channel?.Models.FirstOrDefault(ModelNames.IsName);
        if (channel is null or { IsDeleted: true } || model is null)
        {
            // A channel of patterns alone names no model to ask for.
            await health.NoteProbeAsync(
                id, time.GetUtcNow().UtcDateTime, isGood: true, null, "no model to ask for", cancellation);
            return;
        }

        var result = await probe.TryAsync(channel, model, cancellation);
        await health.NoteProbeAsync(
            id, time.GetUtcNow().UtcDateTime, result.Ok, result.TtftMs, result.Error, cancellation);
    }

    [LoggerMessage(610, LogLevel.Warning, "Probing channels is put off: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
