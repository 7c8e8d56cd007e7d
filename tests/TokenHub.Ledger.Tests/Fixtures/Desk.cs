using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Rebuilding;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>A bank with a Redis of its own in front of it, wired as a control plane is.</summary>
public sealed class Desk : IAsyncDisposable
{
    private Desk(Bank bank, RedisServer server, RedisClient redis)
    {
        Bank = bank;
        Server = server;
        Redis = redis;
        Till = new Till(redis.Runner);
        Balances = new LiveBalances(bank.Database, Till);
        Leases = new GatewayLeases(bank.Database);
        Watch = new RedisWatch(bank.Database, redis, Till, Leases);
        Hydrator = new Hydrator(bank.Database, Till, new ShardBuilder(bank.Database, redis, Watch));
        Acknowledger = new Acknowledger(Till, Balances);
        Wallets = new Wallets(bank.Database, Till);
        Sweep = new OutboxSweep(bank.Database, Till, bank.Ingest(), Acknowledger);
    }

    public Bank Bank { get; }

    public RedisServer Server { get; }

    public RedisClient Redis { get; }

    public Till Till { get; }

    public LiveBalances Balances { get; }

    public GatewayLeases Leases { get; }

    public RedisWatch Watch { get; }

    public Hydrator Hydrator { get; }

    public Acknowledger Acknowledger { get; }

    public Wallets Wallets { get; }

    public OutboxSweep Sweep { get; }

    public static async Task<Desk> OpenAsync(LedgerServers servers, bool appendOnly = false)
    {
        var bank = await Bank.OpenAsync(servers);
        var server = await RedisServer.StartAsync(appendOnly);
        return new Desk(bank, server, await ConnectAsync(server));
    }

    /// <summary>Patient, because the machine may be busy: these tests are about money, not about time-outs.</summary>
    public static Task<RedisClient> ConnectAsync(RedisServer server) => RedisClient.ConnectAsync(
        RedisOptions.Parse(server.Url) with { CallTimeout = TimeSpan.FromSeconds(5), ContinuesInline = false },
        CancellationToken.None);

    public Task<PlaneMessages.HydrateReply> HydrateAsync((long User, long Key) caller) =>
        Hydrator.HydrateAsync(new PlaneMessages.HydrateRequest(caller.User, caller.Key));

    /// <summary>Holds the record's amount as a gateway does before it serves.</summary>
    public async Task HoldAsync(UsageRecord record, int ttlMs = 90_000, int gatewayNo = 1, int bootNo = 1)
    {
        var reply = await Till.ReserveAsync(
            new HoldRequest(
                record.RequestId, record.Account, record.Key, record.Hold, ttlMs, gatewayNo, bootNo, null, 50, null,
                null, null, 1),
            CancellationToken.None);
        Assert.Equal(TillCode.Ok, reply.Code);
    }

    public async Task SettleAsync(UsageRecord record, byte[]? payload = null) =>
        Assert.True((await Till.SettleAsync(
            record.RequestId, record.Account, record.Key, record.Cost, payload ?? Batches.Bytes(record),
            CancellationToken.None)).Code > 0);

    /// <summary>Ships records as a gateway does; what is posted is acknowledged at once, or not at all.</summary>
    public async Task<PlaneMessages.UsageReceipt> ShipAsync(bool acknowledge, params UsageRecord[] records)
    {
        PostedBatch? posted = null;
        var receipt = await Bank.Ingest(batch => posted = batch).IngestAsync(1, 1, Batches.Of(records));
        if (acknowledge)
        {
            await Acknowledger.AcknowledgeAsync(posted!);
        }

        return receipt;
    }

    public async Task<AccountState> StateAsync(long account) =>
        await Till.ReadAccountAsync(account, CancellationToken.None)
        ?? throw new InvalidOperationException($"Account {account} is not in Redis.");

    /// <summary>Nothing is held or waiting, and Redis has the balance and version that PostgreSQL has.</summary>
    public async Task AssertSettledAsync(long account)
    {
        var state = await StateAsync(account);
        var balance = await Bank.BalanceAsync(account);
        var version = await Bank.ScalarAsync<long>("select version from accounts where id = @account", new { account });
        Assert.Equal(new AccountState(balance, version, Usd.Zero, Usd.Zero, 0), state);
    }

    /// <summary>A plain Redis command, for what only an accident would do.</summary>
    public async Task CommandAsync(params string[] words)
    {
        var call = Redis.Runner.Begin(System.Text.Encoding.ASCII.GetBytes(words[0]));
        foreach (var word in words.Skip(1))
        {
            call.Add(word);
        }

        (await Redis.Runner.RunAsync(call, CancellationToken.None)).Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await Redis.DisposeAsync();
        await Server.DisposeAsync();
        await Bank.DisposeAsync();
    }
}
