using TokenHub.Core.Requests;
using TokenHub.Simulation.Tests.Engine;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>An account as PostgreSQL has it.</summary>
internal sealed class LedgerAccount
{
    public long Balance { get; set; }

    public long Version { get; set; }

    /// <summary>Postings, to be summed again.</summary>
    public List<long> Postings { get; } = [];
}

/// <summary>A gateway as PostgreSQL has it.</summary>
internal sealed class LedgerGateway
{
    public int BootNo { get; set; }

    public long LeaseUntilMs { get; set; }

    public long Ready { get; set; }

    /// <summary>Overdue requests that it is to be asked about, and those it said it does not know.</summary>
    public HashSet<RequestId> Unsure { get; } = [];

    public HashSet<RequestId> Unknown { get; } = [];
}

internal sealed class LedgerShard
{
    public long Epoch { get; set; } = 1;

    /// <summary>Number of the rebuild under way; 0 for one that is not planted yet.</summary>
    public long? Rebuilding { get; set; } = 0;

    public int PlantedRun { get; set; }

    public int SeenRun { get; set; }

    public long SeenHighWater { get; set; } = -1;
}

/// <summary>
/// PostgreSQL: what is committed stays, and each function here is one transaction. Away for a while at times.
/// </summary>
internal sealed class Ledger(Schedule schedule, Network network, Oracle oracle, Flaw flaw)
    : Part("postgres", schedule, network)
{
    public const long House = 1;
    public const long Owner = 2;

    private readonly Dictionary<string, Part> _locks = [];

    public SortedDictionary<long, LedgerAccount> Accounts { get; } = [];

    public Dictionary<long, (long Spent, long Version)> Keys { get; } = [];

    public Dictionary<RequestId, CloseRecord> Events { get; } = [];

    public SortedDictionary<int, LedgerGateway> Gateways { get; } = [];

    public SortedDictionary<int, LedgerShard> Shards { get; } = [];

    /// <summary>When an account and key were last posted to.</summary>
    public SortedDictionary<(long Account, long Key), long> PostedMs { get; } = [];

    public long RebuildNo { get; set; } = 1;

    public long ReplayNo { get; set; }

    public long Sum => Accounts.Values.Sum(account => account.Balance);

    public bool TryLock(string name, Part holder)
    {
        if (!IsUp || (_locks.TryGetValue(name, out var other) && other != holder && other.IsUp))
        {
            return false;
        }

        _locks[name] = holder;
        return true;
    }

    public override void Kill()
    {
        _locks.Clear();
        base.Kill();
    }

    public void Unlock(Part holder)
    {
        foreach (var (name, _) in _locks.Where(held => held.Value == holder).ToList())
        {
            _locks.Remove(name);
        }
    }

    public LedgerAccount Account(long id) =>
        Accounts.TryGetValue(id, out var account) ? account : Accounts[id] = new LedgerAccount();

    public void Credit(long account, long amount)
    {
        PostedMs[(account, account * 10)] = Sim.NowMs;
        Transfer(House, account, amount);
    }

    /// <summary>Posts what is new of a batch.</summary>
    public void Post(IEnumerable<CloseRecord> batch)
    {
        foreach (var record in batch)
        {
            if (!Events.TryAdd(record.Rid, record) && flaw != Flaw.PostsTwice)
            {
                continue;
            }

            if (record.Cost > 0)
            {
                var share = record.Cost * 7 / 10;
                Transfer(record.Account, Owner, share);
                Transfer(record.Account, House, record.Cost - share);
                var key = Keys.GetValueOrDefault(record.Key);
                PostedMs[(record.Account, record.Key)] = Sim.NowMs;
                Keys[record.Key] = (key.Spent + record.Cost, key.Version + 1);
            }

            oracle.OnPosted(record, Account(record.Account).Balance);
        }
    }

    public void Close(int shard)
    {
        var row = Shards[shard];
        row.Epoch += row.Rebuilding is null ? 1 : 0;
        row.Rebuilding = 0;
    }

    private void Transfer(long from, long to, long amount)
    {
        if (amount > 0)
        {
            Move(Account(from), -amount);
            Move(Account(to), amount);
        }
    }

    private static void Move(LedgerAccount account, long amount)
    {
        account.Balance += amount;
        account.Version++;
        account.Postings.Add(amount);
    }
}
