using System.Diagnostics;
using Npgsql;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Users;
using TokenHub.Ledger;
using TokenHub.Ledger.Migrations;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Hosting;

/// <summary>A server behind the control plane was not there in time.</summary>
internal sealed class StartFailedException(string message, Exception inner) : Exception(message, inner);

/// <summary>A started control plane with its connections.</summary>
internal sealed record RunningControlPlane(WebApplication App, Backends Backends) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        // Stopped before it is taken apart: loops and streams end in order.
        await App.StopAsync();
        await App.DisposeAsync();
        await Backends.DisposeAsync();
    }
}

/// <summary>
/// The start, in order: database reachable and migrated, Redis reachable and fit for money, first admin, then the doors
/// open. Servers that are still starting are waited for.
/// </summary>
internal static class ControlPlaneStart
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(250);

    public static async Task<RunningControlPlane> StartAsync(
        ControlPlaneOptions options,
        TextWriter output,
        CancellationToken cancellation,
        Action<IServiceCollection>? adjust = null)
    {
        var database = LedgerDatabase.Open(options.DatabaseConnection);
        Backends? backends = null;
        try
        {
            await WaitForAsync(
                "PostgreSQL",
                () => MigrateAsync(options, database, cancellation),
                fault => fault is NpgsqlException { IsTransient: true } or TimeoutException,
                cancellation);
            await WaitForAsync(
                $"Redis at {options.Redis.Endpoint}",
                () => ScriptIsolation.VerifyAsync(options.Redis, cancellation),
                fault => fault is RedisUnavailableException,
                cancellation);
            backends = new Backends(database, await RedisClient.ConnectAsync(options.Redis, cancellation));
            var app = ControlPlaneHost.Build(options, backends, adjust);
            await app.Services.GetRequiredService<FirstAdmin>().EnsureAsync(output, cancellation);
            await app.StartAsync(cancellation);
            return new RunningControlPlane(app, backends);
        }
        catch
        {
            await (backends?.DisposeAsync() ?? database.DisposeAsync());
            throw;
        }
    }

    private static async Task MigrateAsync(
        ControlPlaneOptions options, NpgsqlDataSource database, CancellationToken cancellation)
    {
        if (options.MigrationConnection is not { } connection)
        {
            await new Migrator(database).MigrateAsync(cancellation);
            return;
        }

        await using var owner = LedgerDatabase.Open(connection);
        await new Migrator(owner).MigrateAsync(cancellation);
        var role = new NpgsqlConnectionStringBuilder(options.DatabaseConnection).Username;
        await new RuntimeRole(owner).GrantAsync(role ?? "", cancellation);
    }

    private static async Task WaitForAsync(
        string what, Func<Task> attempt, Func<Exception, bool> isOutage, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception fault) when (isOutage(fault))
            {
                if (clock.Elapsed > Patience)
                {
                    throw new StartFailedException($"{what} does not answer ({fault.Message})", fault);
                }
            }

            await Task.Delay(RetryEvery, cancellation);
        }
    }
}
