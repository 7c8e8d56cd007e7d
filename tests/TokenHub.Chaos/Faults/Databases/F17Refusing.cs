using Npgsql;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults.Databases;

/// <summary>PostgreSQL is there but refuses: read-only, too many clients, locked out by others, deadlocked.</summary>
internal sealed class F17Refusing : IFault
{
    public string Id => "F17";

    public string Says => "PostgreSQL read-only, full of clients, locked, deadlocked";

    public async Task PlayAsync(Trial trial)
    {
        await ReadOnlyAsync(trial);
        await FullAsync(trial);
        await LockedAsync(trial);
        await DeadlockedAsync(trial);
    }

    private static async Task ReadOnlyAsync(Trial trial)
    {
        var database = trial.Rig.Database;
        await database.ExecuteAsync("alter system set default_transaction_read_only = on");
        await database.ExecuteAsync("select pg_reload_conf()");
        await trial.PauseAsync(trial.Pick(2000, 10_000));

        // Also this session is read-only by now, unless it says otherwise.
        await using var connection = await database.OpenAsync();
        foreach (var sql in new[]
        {
            "set default_transaction_read_only = off", "alter system reset default_transaction_read_only",
            "select pg_reload_conf()",
        })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private static async Task FullAsync(Trial trial)
    {
        var sessions = new List<NpgsqlConnection>();
        try
        {
            while (true)
            {
                sessions.Add(await trial.Rig.Database.OpenAsync());
            }
        }
        catch (NpgsqlException)
        {
            // No more are given. The control plane loses those it has, and finds no new ones.
            trial.Rig.Edges.PlaneDatabase.Cut();
        }

        await trial.PauseAsync(trial.Pick(2000, 10_000));
        foreach (var session in sessions)
        {
            await session.DisposeAsync();
        }
    }

    private static async Task LockedAsync(Trial trial)
    {
        await using var side = await trial.Rig.Database.OpenAsync();
        await using var transaction = await side.BeginTransactionAsync();
        await Database.ExecuteOnAsync(side, "lock table accounts, usage_events in exclusive mode");
        await trial.PauseAsync(trial.Pick(2500, 30_000));
    }

    // The ledger locks accounts in the order of their ids; this side session takes them the other way round.
    private static async Task DeadlockedAsync(Trial trial)
    {
        for (var round = 0; round < trial.Pick(3, 20); round++)
        {
            await using var side = await trial.Rig.Database.OpenAsync();
            await using var transaction = await side.BeginTransactionAsync();
            try
            {
                await Database.ExecuteOnAsync(side, $"select 1 from accounts where id = {trial.Rig.Payers[1].Account} for update");
                await trial.PauseAsync(100, 300);
                await Database.ExecuteOnAsync(side, "select 1 from accounts where id = 1 for update");
                await trial.PauseAsync(50);
            }
            catch (PostgresException)
            {
                // This session was the victim; the other times it is the ledger.
            }
        }
    }
}
