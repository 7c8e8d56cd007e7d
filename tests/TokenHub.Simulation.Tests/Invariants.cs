using TokenHub.Redis.Tests.Model;
using TokenHub.Simulation.Tests.Parts;

namespace TokenHub.Simulation.Tests;

/// <summary>The rules I1 to I9 of the ledger and of Redis.</summary>
internal static class Invariants
{
    public static void CheckAlways(World world)
    {
        Demand(world.Ledger.Sum == 0, $"I1: the balances add up to {world.Ledger.Sum}");
        foreach (var (id, account) in world.Ledger.Accounts)
        {
            Demand(account.Balance == account.Postings.Sum(), $"I2: account {id} is not the sum of its postings");
            Demand(account.Version == account.Postings.Count, $"I2: account {id} has another version than postings");
        }

        var charged = world.Accounts.Concat(world.ProbeAccounts).Sum(id => world.Ledger.Account(id).Postings.Where(amount => amount < 0).Sum(amount => -amount));
        var billed = world.Ledger.Events.Values.Sum(record => record.Cost);
        var shares = world.Ledger.Events.Values.Where(record => record.Cost > 0)
            .Sum(record => (record.Cost * 7 / 10) + (record.Cost - (record.Cost * 7 / 10)));
        Demand(charged == billed, $"I2: {charged} was charged for events of {billed}");
        Demand(shares == billed, "I9: owner and platform do not have what was charged");
    }

    /// <summary>When everything is quiet: each request once and rightly billed, and Redis as the ledger.</summary>
    public static void CheckQuiet(World world)
    {
        CheckAlways(world);
        CheckBills(world);
        foreach (var shard in world.Shards)
        {
            CheckShard(world, shard, world.Till.State(shard));
        }
    }

    private static void CheckBills(World world)
    {
        foreach (var (rid, served) in world.Oracle.Served)
        {
            if (!world.Ledger.Events.TryGetValue(rid, out var record))
            {
                Demand(world.Oracle.LostWithDisk.Contains(rid), $"I3: {rid} was served {served} tokens and is not billed");
                continue;
            }

            Demand(
                record.Tokens <= served && record.Tokens >= served - Prices.ChunkTokensMax,
                $"I3: {rid} is billed {record.Tokens} tokens of {served}");
            Demand(record.Cost == record.Tokens * Prices.UnitsPerToken, $"I3: {rid} costs {record.Cost}");
            if (world.Oracle.Told.TryGetValue(rid, out var told))
            {
                Demand(told == record.Cost, $"I8: the client of {rid} was told {told}, and billed {record.Cost}");
            }
        }
    }

    private static void CheckShard(World world, int no, ModelShard shard)
    {
        Demand(shard.Due.Count == 0, $"I6: shard {no} has deadlines: {shard.Due.Keys.FirstOrDefault()}");
        Demand(shard.Outbox.Count == 0, $"I6: shard {no} has charges in its outbox: {shard.Outbox.Values.FirstOrDefault()}");
        Demand(shard.OutboxTimes.Count == 0, $"I6: shard {no} has times in its outbox");
        Demand(shard.Holds.Values.All(holds => holds.Count == 0), $"I6: shard {no} has holds");
        foreach (var (key, spend) in shard.Spends)
        {
            Demand(
                (spend.Held, spend.Unsettled, spend.Open) == (0, 0, 0),
                $"I6: key {key} has {spend.Held} held, {spend.Unsettled} unsettled, {spend.Open} open");
        }

        foreach (var (id, account) in shard.Accounts)
        {
            Demand(
                (account.Held, account.Unsettled) == (0, 0),
                $"I6: account {id} has {account.Held} held, {account.Unsettled} unsettled");
            var truth = world.Ledger.Account(id);
            Demand(
                account.Epoch != shard.Epoch || (account.Balance, account.Version) == (truth.Balance, truth.Version),
                $"I7: account {id} is at {account.Balance} ({account.Version}), in the ledger {truth.Balance} ({truth.Version})");
        }
    }

    public static void Demand(bool holds, string rule)
    {
        if (!holds)
        {
            throw new BrokenInvariantException(rule);
        }
    }
}
