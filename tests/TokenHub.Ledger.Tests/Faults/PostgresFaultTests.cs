using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Migrations;
using TokenHub.Ledger.Tests.Fixtures;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Faults;

/// <summary>PostgreSQL refuses, waits or breaks off (F17, F18): the same batch is sent again and counts once.</summary>
[Trait("needs", "postgres")]
public sealed class PostgresFaultTests(LedgerServers servers)
{
    private const int Records = 40;

    [Fact]
    public async Task Database_that_only_reads_takes_the_same_batch_later()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (ingest, batch) = await PreparedAsync(bank);
        await SetReadOnlyAsync(bank, "on");

        await AssertBusyAsync("25006", () => ingest.IngestAsync(1, 1, batch));
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from settle_dead"));
        await SetReadOnlyAsync(bank, "off");

        await AssertPostedOnceAsync(bank, ingest, batch);
    }

    [Fact]
    public async Task Too_many_clients_are_waited_out()
    {
        await using var postgres = await PostgresServer.StartAsync("max_connections=5", "superuser_reserved_connections=0");
        await using var database = LedgerDatabase.Open(
            postgres.ConnectionString(await postgres.CreateDatabaseAsync()) + ";Timeout=5");
        await new Migrator(database).MigrateAsync(TestContext.Current.CancellationToken);
        await using var bank = await new Bank(database).FoundAsync();
        var (_, batch) = await PreparedAsync(bank);
        database.Clear();
        NpgsqlConnection.ClearAllPools();
        var guests = new List<NpgsqlConnection>();
        for (var i = 0; i < 5; i++)
        {
            guests.Add(new NpgsqlConnection(postgres.ConnectionString("postgres") + ";Pooling=false"));
            await Probe.UntilAsync(() => TryOpenAsync(guests[^1]), TimeSpan.FromSeconds(20), "a place is free");
        }

        // Eight settlers, no place for any of them.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(
            _ => AssertBusyAsync("53300", () => bank.Ingest().IngestAsync(1, 1, batch))));
        foreach (var guest in guests)
        {
            await guest.DisposeAsync();
        }

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var ingest = bank.Ingest();
            await Probe.UntilAsync(() => TryAsync(() => ingest.IngestAsync(1, 1, batch)), TimeSpan.FromSeconds(30), "posted");
        }));
        await AssertPostedOnceAsync(bank, bank.Ingest(), batch);
    }

    [Fact]
    public async Task Lock_of_a_side_session_is_waited_for_up_to_a_limit_and_then_the_batch_comes_again()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (_, batch) = await PreparedAsync(bank);
        await using var hasty = LedgerDatabase.Open(bank.Database.ConnectionString + ";Command Timeout=1");
        await using var side = await bank.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using (var held = await side.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            await ExecuteAsync(side, "select 1 from accounts where id = 1 for update");
            await Assert.ThrowsAsync<LedgerBusyException>(() => new UsageIngest(hasty).IngestAsync(1, 1, batch));
        }

        await AssertPostedOnceAsync(bank, bank.Ingest(), batch);
    }

    [Fact]
    public async Task Deadlock_with_a_side_session_costs_a_repetition()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (ingest, batch) = await PreparedAsync(bank);
        var highest = await bank.ScalarAsync<long>("select max(id) from accounts");
        await using var side = await bank.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await ExecuteAsync(side, "set deadlock_timeout = '1min'");

        // PostgreSQL looks once, so long after the wait began: the circle must be closed by then.
        await using var patient = LedgerDatabase.Open(
            bank.Database.ConnectionString + ";Options=-c deadlock_timeout=10s");
        await using (var held = await side.BeginTransactionAsync(TestContext.Current.CancellationToken))
        {
            // Against the order of ids, as nobody of ours does.
            await ExecuteAsync(side, $"select 1 from accounts where id = {highest} for update");
            var posting = new UsageIngest(patient).IngestAsync(1, 1, batch);
            await Probe.UntilAsync(
                () => bank.ScalarAsync<bool>(
                    "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())"),
                TimeSpan.FromSeconds(10),
                "the batch waits");
            var turn = ExecuteAsync(side, "select 1 from accounts where id = 1 for update");
            await AssertBusyAsync("40P01", () => posting);
            await turn;
        }

        await AssertPostedOnceAsync(bank, ingest, batch);
    }

    // What says nothing about the records: serialization failure, disk full, out of memory, input/output error, locked,
    // cancelled, shutting down, not yet there.
    [Theory]
    [InlineData("40001")]
    [InlineData("53100")]
    [InlineData("53200")]
    [InlineData("58030")]
    [InlineData("55P03")]
    [InlineData("57014")]
    [InlineData("57P01")]
    [InlineData("57P03")]
    public async Task Refusal_that_is_not_about_the_records_costs_a_repetition_and_parks_nothing(string state)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (ingest, batch) = await PreparedAsync(bank);
        await bank.ExecuteAsync($"create function refuse() returns trigger language plpgsql as 'begin raise exception using errcode = ''{state}''; end'");
        await bank.ExecuteAsync("create trigger refusing before insert on transfers for each row execute function refuse()");

        await AssertBusyAsync(state, () => ingest.IngestAsync(1, 1, batch));
        await bank.ExecuteAsync("drop function refuse cascade");
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from settle_dead"));

        await AssertPostedOnceAsync(bank, ingest, batch);
    }

    // Each row: where the backend dies within the transaction, by a trigger that kills its own process.
    [Theory]
    [InlineData("before insert on usage_events")]
    [InlineData("before insert on usage_attempts")]
    [InlineData("before update on accounts")]
    [InlineData("before insert on transfers")]
    [InlineData("before update on api_keys")]
    [InlineData("before insert or update on gateway_positions")]
    public async Task Backend_that_dies_between_two_steps_leaves_nothing_and_the_batch_comes_again(string step)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (ingest, batch) = await PreparedAsync(bank);
        await bank.ExecuteAsync("create function die() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return new; end'");
        await bank.ExecuteAsync($"create trigger dying {step} for each row execute function die()");

        await Assert.ThrowsAsync<LedgerBusyException>(() => ingest.IngestAsync(1, 1, batch));
        await bank.ExecuteAsync("drop function die cascade");
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        Assert.Equal(0, await bank.ScalarAsync<long>("select count(*) from settle_dead"));

        await AssertPostedOnceAsync(bank, ingest, batch);
    }

    [Fact]
    public async Task Backend_that_dies_in_the_commit_leaves_nothing_and_the_batch_comes_again()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var (ingest, batch) = await PreparedAsync(bank);
        await bank.ExecuteAsync("create function die() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end'");
        await bank.ExecuteAsync("create constraint trigger dying after insert on transfers deferrable initially deferred for each row execute function die()");

        await Assert.ThrowsAsync<LedgerBusyException>(() => ingest.IngestAsync(1, 1, batch));
        await bank.ExecuteAsync("drop function die cascade");

        await AssertPostedOnceAsync(bank, ingest, batch);
    }

    [Fact]
    public async Task Commit_whose_answer_is_lost_is_recognised_when_the_batch_comes_again()
    {
        await using var bank = await Bank.OpenAsync(servers);
        await using var cutter = new CommitCutter(servers.Postgres.Port, number => number % 3 != 0);
        await using var shaky = LedgerDatabase.Open(
            new NpgsqlConnectionStringBuilder(bank.Database.ConnectionString) { Port = cutter.Port }.ConnectionString);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var batches = Enumerable.Range(0, 30).Select(b => Batches.Of(
            Enumerable.Range(0, Records).Select(_ => bank.Request(caller)), (b * Records) + 1)).ToList();
        var ingest = new UsageIngest(shaky);

        foreach (var batch in batches)
        {
            await Probe.UntilAsync(() => TryAsync(() => ingest.IngestAsync(1, 1, batch)), TimeSpan.FromSeconds(30), "posted");
        }

        Assert.True(cutter.Cut >= 40, $"{cutter.Cut} commits were cut");
        Assert.Equal(30 * Records, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        await bank.AssertSoundAsync();
    }

    [Fact]
    public async Task Control_plane_that_dies_after_the_commit_or_in_mid_acknowledgement_counts_once()
    {
        await using var desk = await Desk.OpenAsync(servers);
        var callers = new List<(long User, long Key)>();
        for (var i = 0; i < 6; i++)
        {
            callers.Add(await desk.Bank.AddUserAsync(Usd.FromDollars(10)));
            await desk.HydrateAsync(callers[i]);
        }

        var records = Enumerable.Range(0, 60).Select(i => desk.Bank.Request(callers[i % 6])).ToList();
        foreach (var record in records)
        {
            await desk.HoldAsync(record);
            await desk.SettleAsync(record);
        }

        // After the commit, before anyone is told.
        await Assert.ThrowsAsync<IOException>(() => desk.Bank.Ingest(_ => throw new IOException("died"))
            .IngestAsync(1, 1, Batches.Of(records)));

        // In the middle of telling Redis: some accounts know, others do not.
        PostedBatch? posted = null;
        await desk.Bank.Ingest(batch => posted = batch).IngestAsync(1, 1, Batches.Of(records));
        var dying = new Redis.Till(new InterruptedRunner(
            desk.Redis.Runner, "ack", () => throw new Redis.RedisUnavailableException("died")));
        await Assert.ThrowsAnyAsync<Redis.RedisUnavailableException>(
            () => new Acknowledger(dying, desk.Balances).AcknowledgeAsync(posted!));

        // Another one does it all again.
        await desk.ShipAsync(acknowledge: true, [.. records]);
        await desk.Sweep.SweepAsync(TimeSpan.Zero);

        foreach (var caller in callers)
        {
            await desk.AssertSettledAsync(caller.User);
        }

        Assert.Equal(60, await desk.Bank.ScalarAsync<long>("select count(*) from usage_events"));
        await desk.Bank.AssertSoundAsync();
    }

    private static async Task<(UsageIngest Ingest, byte[] Batch)> PreparedAsync(Bank bank)
    {
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        var ingest = bank.Ingest();

        // What is looked up once is known, and the day is there: the batch itself is all that happens.
        await ingest.IngestAsync(1, 1, Batches.Of(bank.Request(caller, outcome: Outcome.Empty)));
        await bank.PlantAsync("delete from usage_events; delete from usage_attempts; delete from gateway_positions");
        return (ingest, Batches.Of(Enumerable.Range(0, Records).Select(
            _ => bank.Request(caller, owner: owner.User, shareBp: 2000))));
    }

    private static async Task AssertPostedOnceAsync(Bank bank, UsageIngest ingest, byte[] batch)
    {
        await ingest.IngestAsync(1, 1, batch);
        var again = await ingest.IngestAsync(1, 1, batch);
        Assert.Equal((0, Records, 0), (again.Accepted, again.Repeated, again.Dead));
        Assert.Equal(Records, await bank.ScalarAsync<long>("select count(*) from usage_events"));
        await bank.AssertSoundAsync();
    }

    private static async Task AssertBusyAsync(string sqlState, Func<Task> call)
    {
        var busy = await Assert.ThrowsAsync<LedgerBusyException>(call);
        Assert.Equal(sqlState, (busy.InnerException as PostgresException)?.SqlState ?? busy.InnerException!.ToString());
    }

    private static async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (LedgerBusyException)
        {
            return false;
        }
    }

    private static async Task<bool> TryOpenAsync(NpgsqlConnection connection)
    {
        try
        {
            await connection.OpenAsync();
            return true;
        }
        catch (PostgresException full) when (full.SqlState == "53300")
        {
            return false;
        }
    }

    private static async Task SetReadOnlyAsync(Bank bank, string value)
    {
        var name = await bank.ScalarAsync<string>("select current_database()");
        await bank.ExecuteAsync(
            $"begin; set transaction read write; alter database {name} set default_transaction_read_only = {value}; commit");
        bank.Database.Clear();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 60 };
        await command.ExecuteNonQueryAsync();
    }
}
