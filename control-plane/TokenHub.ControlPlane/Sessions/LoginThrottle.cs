using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Sessions;

/// <summary>Counts sign-in attempts in PostgreSQL, so that every control plane sees the same counts.</summary>
internal sealed class LoginThrottle(NpgsqlDataSource database, TimeProvider time)
{
    private const string EnsureSql = """
        insert into login_throttles (subject, failures, last_attempt_at)
        select subject, 0, @Now from unnest(@Subjects::text[]) as subject order by subject
        on conflict do nothing
        """;

    private const string LockSql = """
        select subject, failures, last_attempt_at, blocked_until
        from login_throttles
        where subject = any(@Subjects)
        order by subject
        for update
        """;

    private const string UpdateSql = """
        update login_throttles
        set failures = @Failures, last_attempt_at = @LastAttemptAt, blocked_until = @BlockedUntil
        where subject = @Subject
        """;

    private const string ForgivePairSql = "delete from login_throttles where subject = @Subject";

    private const string ForgiveOneSql = """
        update login_throttles
        set failures = greatest(failures - 1, 0), blocked_until = null
        where subject = any(@Subjects)
        """;

    /// <summary>Counts one attempt, or refuses it when it comes too early.</summary>
    public async Task CountAsync(string email, IPAddress address, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var rules = SubjectsOf(email, address);
        var subjects = rules.Keys.ToArray();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync(EnsureSql, new { Subjects = subjects, Now = now }, transaction);
        var rows = await connection.QueryAsync<ThrottleRow>(LockSql, new { Subjects = subjects }, transaction);
        foreach (var row in rows)
        {
            var before = new ThrottleState(row.Failures, row.LastAttemptAt, row.BlockedUntil);
            if (rules[row.Subject].Count(before, now) is not { } after)
            {
                throw TooEarly(row.BlockedUntil!.Value - now);
            }

            await connection.ExecuteAsync(
                UpdateSql,
                new { row.Subject, after.Failures, after.LastAttemptAt, after.BlockedUntil },
                transaction);
        }

        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Takes the attempt back after a right password.</summary>
    public async Task ForgiveAsync(string email, IPAddress address, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var pair = PairSubject(email, address);
        await connection.ExecuteAsync(
            new CommandDefinition(ForgivePairSql, new { Subject = pair }, cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            ForgiveOneSql,
            new { Subjects = new[] { AddressSubject(address), AccountSubject(email) } },
            cancellationToken: cancellation));
    }

    private static RefusedException TooEarly(TimeSpan wait)
    {
        var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
        return new RefusedException(
            ProblemCode.TooManyRequests, $"Too many failed sign-ins. Try again in {seconds} s.")
        {
            RetryAfterSeconds = seconds,
        };
    }

    private static Dictionary<string, LoginThrottleRules> SubjectsOf(string email, IPAddress address) => new()
    {
        [PairSubject(email, address)] = LoginThrottleRules.Pair,
        [AddressSubject(address)] = LoginThrottleRules.Address,
        [AccountSubject(email)] = LoginThrottleRules.Account,
    };

    private static string PairSubject(string email, IPAddress address) => Subject($"pair|{email}|{Place(address)}");

    private static string AddressSubject(IPAddress address) => Subject($"address|{Place(address)}");

    private static string AccountSubject(string email) => Subject($"account|{email}");

    // Hashed, so that the table is no list of who tries to sign in from where, and every subject has the same length.
    private static string Subject(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>An IPv6 customer has a whole /64 to himself; it counts as one address.</summary>
    private static string Place(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetworkV6
            ? Convert.ToHexString(plain.GetAddressBytes(), 0, 8)
            : plain.ToString();
    }

    private sealed record ThrottleRow
    {
        public string Subject { get; init; } = "";
        public int Failures { get; init; }
        public DateTime LastAttemptAt { get; init; }
        public DateTime? BlockedUntil { get; init; }
    }
}
