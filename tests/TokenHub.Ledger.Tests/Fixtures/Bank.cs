using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Reconciliation;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>A ledger with people, keys and a price in it, and records of requests to post.</summary>
public sealed class Bank(NpgsqlDataSource database) : IAsyncDisposable
{
    private const string AddUserSql = """
        insert into users (email, password_hash, role)
        values (@email, '', 'member')
        returning id
        """;

    private const string AddKeySql = """
        insert into api_keys (user_id, name, secret_hash, shown)
        values (@user, 'test', sha256(convert_to(@seed, 'UTF8')), 'sk-hub-xxxxx')
        returning id
        """;

    private const string AddPriceSql = """
        insert into prices (model, input_units, output_units, cache_read_units)
        values (@model, @input, @output, @cacheRead)
        returning id
        """;

    private const string AddGatewaySql = """
        insert into gateways (no, gateway_id, boot_no, recovery_done) values (@no, @name, 1, true)
        """;

    private int _names;
    private uint _counter;

    public NpgsqlDataSource Database => database;

    public long Price { get; private set; }

    public Tariff Tariff { get; private set; }

    /// <param name="isHasty">Commits do not wait for the disk: for tests that crash nothing.</param>
    public static async Task<Bank> OpenAsync(LedgerServers servers, bool isHasty = false)
    {
        var connection = await servers.CreateDatabaseAsync() + (isHasty ? ";Options=-c synchronous_commit=off" : "");
        var bank = await new Bank(LedgerDatabase.Open(connection)).FoundAsync();

        // A gateway that only sends records: nobody has to wait for what it holds.
        await bank.ExecuteAsync("update gateways set has_left = true");
        return bank;
    }

    /// <summary>A price and a gateway, under a schema of any release.</summary>
    public async Task<Bank> FoundAsync()
    {
        Tariff = new Tariff(0, 250_000_000, 1_000_000_000, 125_000_000, 250_000_000, 250_000_000);
        var price = new { model = "*", input = Tariff.Input, output = Tariff.Output, cacheRead = Tariff.CacheRead };
        Price = await ScalarAsync<long>(AddPriceSql, price);
        Tariff = Tariff with { PriceVersion = Price };
        await ExecuteAsync(AddGatewaySql, new { no = 1, name = "gw-1" });
        return this;
    }

    public async Task<(long User, long Key)> AddUserAsync(Usd credit = default)
    {
        var name = $"user{Interlocked.Increment(ref _names)}@example.com";
        var user = await ScalarAsync<long>(AddUserSql, new { email = name });
        var key = await AddKeyAsync(user);
        if (credit > Usd.Zero)
        {
            await new Credits(database).CreditAsync(user, credit, "opening", null);
        }

        return (user, key);
    }

    public Task<long> AddKeyAsync(long user) =>
        ScalarAsync<long>(AddKeySql, new { user, seed = $"key{Interlocked.Increment(ref _names)}" });

    /// <summary>A completed request whose cost is what the price says.</summary>
    public UsageRecord Request(
        (long User, long Key) caller, long input = 1000, long output = 500, long owner = 0, int shareBp = 0,
        Outcome outcome = Outcome.Completed, DateTimeOffset? at = null)
    {
        var started = (at ?? DateTimeOffset.UtcNow).ToUnixTimeMilliseconds();
        var usage = new TokenUsage { Input = input, Output = output, CacheRead = input / 4 };
        return new UsageRecord
        {
            RequestId = RequestId.Create(started, 1, 1, Interlocked.Increment(ref _counter)),
            Account = caller.User,
            Key = caller.Key,
            Channel = 1001,
            OwnerAccount = owner,
            OwnerShareBp = shareBp,
            PriceVersion = Price,
            Model = "test-model",
            Dialect = Dialect.Chat,
            Outcome = outcome,
            StartedMs = started,
            FirstTokenMs = 12,
            DurationMs = 340,
            Status = 200,
            Hold = Usd.FromDollars(1),
            Cost = outcome.IsCharged() ? TariffMath.Cost(Tariff, usage) : Usd.Zero,
            Usage = usage,
            UpstreamId = "chatcmpl-1",
            Attempts = [new AttemptRecord(1001, 200, AttemptFault.None, 12)],
        };
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await database.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task<int> ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await connection.ExecuteAsync(sql, parameters);
    }

    /// <summary>Does what the database itself forbids, as only its owner can; returns the number of rows.</summary>
    public async Task<int> PlantAsync(string fault)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("set local session_replication_role = replica");
        var rows = await connection.ExecuteAsync(fault);
        await transaction.CommitAsync();
        return rows;
    }

    public async Task<Usd> BalanceAsync(long account) =>
        new(await ScalarAsync<long>("select balance_units from accounts where id = @account", new { account }));

    public async Task<IReadOnlyList<T>> ColumnAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await database.OpenConnectionAsync();
        return (await connection.QueryAsync<T>(sql, parameters)).AsList();
    }

    /// <summary>The whole ledger recomputes, whatever happened to it.</summary>
    public async Task AssertSoundAsync()
    {
        var report = await new Verify(database).RunAsync();
        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal(Usd.Zero, report.Sum);
    }

    public UsageIngest Ingest(Action<PostedBatch>? posted = null) => new(database, posted);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
