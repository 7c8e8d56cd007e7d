using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Dapper;
using Npgsql;
using TokenHub.Ledger.Gateways;

namespace TokenHub.ControlPlane.Status;

/// <summary>Puts together how the installation is doing.</summary>
internal sealed class StatusReader(
    NpgsqlDataSource database, ServerChecks servers, GatewayRegistry gateways, TimeProvider time)
{
    private const string CountsSql = """
        select
          (select version from snapshot_version) as snapshot_version,
          (select count(*) from settle_dead) as dead_letters
        """;

    private static readonly string Version =
        typeof(StatusReader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
        ?? "unknown";

    private static readonly DateTime StartedAt = Process.GetCurrentProcess().StartTime.ToUniversalTime();

    public async Task<StatusView> ReadAsync(CancellationToken cancellation)
    {
        var redis = servers.RedisAsync(cancellation);
        var postgres = await servers.PostgresAsync(cancellation);
        var all = await gateways.ListAsync(cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var counts = await connection.QuerySingleAsync<CountsRow>(
            new CommandDefinition(CountsSql, cancellationToken: cancellation));
        return new StatusView
        {
            Build = new BuildView(Version, RuntimeInformation.FrameworkDescription),
            StartedAt = StartedAt,
            UptimeSeconds = (long)(time.GetUtcNow().UtcDateTime - StartedAt).TotalSeconds,
            Postgres = postgres,
            Redis = await redis,
            SnapshotVersion = counts.SnapshotVersion,
            Gateways = [.. all.Select(ToView)],
            OpenHolds = all.Where(gateway => gateway.Alive).Sum(gateway => gateway.OpenHolds),
            Lag = all.Sum(gateway => gateway.Lag),
            DeadLetters = counts.DeadLetters,
        };
    }

    private static GatewayView ToView(GatewayStatus gateway) => new()
    {
        GatewayId = gateway.GatewayId,
        No = gateway.No,
        BootNo = gateway.BootNo,
        Build = gateway.Build,
        Address = gateway.Address,
        Alive = gateway.Alive,
        Draining = gateway.Draining,
        RecoveryDone = gateway.RecoveryDone,
        LastLsn = gateway.LastLsn,
        AckedLsn = gateway.AckedLsn,
        Lag = gateway.Lag,
        OpenHolds = gateway.OpenHolds,
        OldestOpenMs = gateway.OldestOpenMs,
        SnapshotVersion = gateway.SnapshotVersion,
        RegisteredAt = gateway.RegisteredAt.UtcDateTime,
        LastBeatAt = gateway.LastBeatAt.UtcDateTime,
    };

    private sealed record CountsRow
    {
        public long SnapshotVersion { get; init; }
        public long DeadLetters { get; init; }
    }
}
