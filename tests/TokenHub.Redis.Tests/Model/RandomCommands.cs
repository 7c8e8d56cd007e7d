using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

/// <summary>
/// Commands at random over so few accounts, keys and requests that they meet often: repeats, conflicts, empty
/// balances, and now and then a number at or beyond an edge.
/// </summary>
internal sealed class RandomCommands(Random random)
{
    private const int RequestsPerAccount = 24;
    private static readonly long[] Accounts = [11, 12, 13, 14, 15];
    private static readonly long[] Edges =
        [0, 1, TillModel.UnitsMax, TillModel.UnitsMax - 1, TillModel.UnitsMax + 1, -1];


    public static IReadOnlyList<int> ShardNos { get; } = [.. Accounts.Select(Shards.Of).Distinct()];

    public (ITillCommand Command, int Shard) Next()
    {
        var account = Accounts[random.Next(Accounts.Length)];
        var rid = Rid(account);
        var key = Key(account, rid);
        var shard = Shards.Of(account);
        ITillCommand command = random.Next(100) switch
        {
            < 34 => new ReserveCommand(Request(rid, account, key)),
            < 44 => new ExtendCommand(rid, account, key, Amount(), Cap(), Ttl()),
            < 60 => new SettleCommand(rid, account, key, Amount(), Payload(), Used()),
            < 66 => new ReleaseCommand(rid, account, key),
            < 76 => Ack(account, key),
            < 80 => new SetBalanceCommand(account, Balance(), Version(), random.Next(8) > 0, random.Next(2, 12)),
            < 84 => Rehold(account, key),
            < 94 => new HydrateCommand(
                account, Balance(), Version(), random.Next(8) > 0, random.Next(2, 12), key, Spent(), Version()),
            < 97 => new ReapCommand(random.Next(6)),
            _ => new OutboxCommand(random.Next(3_000), random.Next(6)),
        };
        return (command, shard);
    }

    private HoldRequest Request(RequestId rid, long account, long key) => new(
        rid, account, key, Amount(), Ttl(), random.Next(3), random.Next(3), Cap(), random.Next(1, 14),
        Rarely(4) ? random.Next(5) : null, Rarely(4) ? random.Next(40) : null, Rarely(4) ? random.Next(5_000) : null,
        Rarely(60) ? TillModel.UnitsMax + 1 : random.Next(2_000),
        Rarely(4) ? random.Next(60) : null, Rarely(4) ? random.Next(8_000) : null);

    private AckCommand Ack(long account, long key)
    {
        var rids = Enumerable.Range(0, random.Next(6)).Select(_ => Rid(account)).ToArray();
        return new AckCommand(account, Balance(), Version(), key, Spent(), Version(), rids, 0, rids.Length);
    }

    private ReholdCommand Rehold(long account, long key)
    {
        var holds = Enumerable.Range(0, random.Next(4))
            .Select(_ => new Rehold(Rid(account), key, Amount(), Ttl(), random.Next(3), random.Next(3))).ToArray();
        return new ReholdCommand(account, key, holds, 0, holds.Length);
    }

    // Few amounts, so that a repeat with the same one happens.
    private Usd Amount() => new(Rarely(40) ? Edges[random.Next(Edges.Length)] : 100 * random.Next(1, 5));

    private Usd Balance() => new(Rarely(30) ? -random.Next(500) : Rarely(30) ? TillModel.UnitsMax : random.Next(4_000));

    // Half of them much less than was guessed, and some of them more.
    private long? Used() => Rarely(6) ? null : Rarely(60) ? TillModel.UnitsMax + 1 : random.Next(Rarely(2) ? 500 : 3_000);

    private Usd Spent() => new(random.Next(1_000));

    private Usd? Cap() => Rarely(3) ? new Usd(random.Next(3_000)) : null;

    private long Version() => random.Next(300);

    private int Ttl() => Rarely(40) ? 86_400_001 : random.Next(5_000);

    // A request belongs to one key, but for a mistake now and then.
    private long Key(long account, RequestId rid) =>
        (account * 10) + (Rarely(30) ? random.Next(2) : (long)(rid.Low & 1));

    private RequestId Rid(long account)
    {
        var counter = (account * RequestsPerAccount) + random.Next(RequestsPerAccount);
        return RequestId.Create(1_790_000_000_000, 1, 1, (uint)counter);
    }

    private byte[] Payload()
    {
        var payload = new byte[random.Next(12)];
        random.NextBytes(payload);
        return payload;
    }

    private bool Rarely(int oneIn) => random.Next(oneIn) == 0;
}
