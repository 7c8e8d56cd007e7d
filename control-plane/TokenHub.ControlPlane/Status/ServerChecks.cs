using System.Diagnostics;
using Dapper;
using Npgsql;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Status;

/// <summary>Asks the servers behind the control plane whether they are there. Never takes long.</summary>
internal sealed class ServerChecks(NpgsqlDataSource database, RedisClient redis)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private const string VersionSql = "select current_setting('server_version')";

    public async Task<ServerView> PostgresAsync(CancellationToken cancellation)
    {
        using var timeout = Within(cancellation);
        var start = Stopwatch.GetTimestamp();
        try
        {
            await using var connection = await database.OpenConnectionAsync(timeout.Token);
            var version = await connection.ExecuteScalarAsync<string>(
                new CommandDefinition(VersionSql, cancellationToken: timeout.Token));
            return Answered(start, version);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException || Expired(timeout, cancellation))
        {
            return new ServerView { Ok = false };
        }
    }

    public async Task<ServerView> RedisAsync(CancellationToken cancellation)
    {
        using var timeout = Within(cancellation);
        var start = Stopwatch.GetTimestamp();
        try
        {
            await redis.PingAsync(timeout.Token);
            return Answered(start, $"{redis.Server.Kind} {redis.Server.Version}");
        }
        catch (Exception fault) when (fault is RedisUnavailableException || Expired(timeout, cancellation))
        {
            return new ServerView { Ok = false };
        }
    }

    private static CancellationTokenSource Within(CancellationToken cancellation)
    {
        var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Timeout);
        return timeout;
    }

    private static bool Expired(CancellationTokenSource timeout, CancellationToken cancellation) =>
        timeout.IsCancellationRequested && !cancellation.IsCancellationRequested;

    private static ServerView Answered(long start, string? version) => new()
    {
        Ok = true,
        LatencyMs = Math.Round(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 2),
        Version = version,
    };
}
