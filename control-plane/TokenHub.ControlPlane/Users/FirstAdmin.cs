using System.Security.Cryptography;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Sessions;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger;

namespace TokenHub.ControlPlane.Users;

/// <summary>Makes the first admin of an empty installation and says the password once if it was generated.</summary>
internal sealed class FirstAdmin(NpgsqlDataSource database, Passwords passwords, ControlPlaneOptions options)
{
    private const int GeneratedLength = 24;
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    // Several control planes may start at once; the lock lets one of them look and make.
    private const string LockSql = $"select pg_advisory_xact_lock({AdvisoryLocks.FirstAdmin})";

    private const string AnyAdminSql = "select exists (select from users where role = 'admin')";

    public async Task EnsureAsync(TextWriter output, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync(
            new CommandDefinition(LockSql, null, transaction, cancellationToken: cancellation));
        var exists = await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(AnyAdminSql, null, transaction, cancellationToken: cancellation));
        if (exists)
        {
            return;
        }

        var password = options.AdminPassword ?? RandomNumberGenerator.GetString(Alphabet, GeneratedLength);
        var hash = await passwords.HashAsync(password, cancellation);
        var user = new NewUser(options.AdminEmail, password, "admin", KeyRecord.DefaultUserMaxConcurrency);
        var row = await UserQueries.AddAsync(transaction, user, hash, cancellation)
            ?? throw new InvalidOperationException(
                $"{options.AdminEmail} exists and is no admin; choose another address for the first admin.");
        await AuditLog.AddAsync(
            transaction, null, "user.create_first_admin", WireId.Format(WireId.User, row.Id), cancellation);
        await transaction.CommitAsync(cancellation);
        if (options.AdminPassword is null)
        {
            await output.WriteLineAsync($"first sign-in email={options.AdminEmail} password={password}");
            await output.FlushAsync(cancellation);
        }
    }
}
