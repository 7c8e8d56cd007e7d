using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Sessions;

namespace TokenHub.ControlPlane.Hosting;

/// <summary>Throws away what nobody will ask for again: ended sessions, old answers, forgotten failures.</summary>
internal sealed partial class Housekeeping(NpgsqlDataSource database, TimeProvider time, ILogger<Housekeeping> logger)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>A repeat of a money-moving call is recognised for this long.</summary>
    public static readonly TimeSpan AnswersKept = TimeSpan.FromDays(7);

    private const string SessionsSql = """
        delete from sessions
        where expires_at < @Now or last_seen_at < @IdleSince or revoked_at < @Now - interval '1 day'
        """;

    private const string ThrottlesSql = "delete from login_throttles where last_attempt_at < @ForgottenSince";

    private const string AnswersSql = "delete from idempotency_keys where created_at < @AnswersSince";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await TidyAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                LogPutOff(logger, fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    public async Task TidyAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var parameters = new
        {
            Now = now,
            IdleSince = now - SessionRules.IdleMax,
            ForgottenSince = now - LoginThrottleRules.ForgetAfter,
            AnswersSince = now - AnswersKept,
        };
        await using var connection = await database.OpenConnectionAsync(cancellation);
        foreach (var sql in new[] { SessionsSql, ThrottlesSql, AnswersSql })
        {
            await connection.ExecuteAsync(new CommandDefinition(sql, parameters, cancellationToken: cancellation));
        }
    }

    [LoggerMessage(500, LogLevel.Warning, "Tidying up is put off: the database does not answer")]
    private static partial void LogPutOff(ILogger logger, Exception fault);
}
