using Dapper;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Sealing;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Fuzz;

/// <summary>One sequence with people of its own, and the model that it is held against.</summary>
internal sealed class FuzzSequence
{
    private readonly Bank _bank;
    private readonly int _seed;
    private readonly Random _random;
    private readonly UsageIngest _ingest;
    private readonly List<(long User, long Key)> _people = [];
    private readonly Dictionary<long, (long Balance, long Version)> _accounts = [];
    private readonly Dictionary<long, (long Spent, long Version)> _keys = [];
    private readonly List<UsageRecord> _posted = [];
    private readonly Dictionary<UsageRecord, List<(string Reason, Usd Amount)>> _refunds = [];
    private readonly List<string> _story = [];
    private long _attemptCosts;

    private FuzzSequence(Bank bank, int seed)
    {
        (_bank, _seed, _random, _ingest) = (bank, seed, new Random(seed), bank.Ingest());
    }

    public static async Task RunAsync(Bank bank, int seed, int operations)
    {
        var sequence = new FuzzSequence(bank, seed);
        try
        {
            await sequence.OpenAsync();
            for (var i = 0; i < operations; i++)
            {
                await sequence.StepAsync();
                await sequence.CheckAsync();
            }
        }
        catch (Exception fault)
        {
            Assert.Fail($"Seed {seed}, after {string.Join(", ", sequence._story)}:\n{fault}");
        }
    }

    private async Task OpenAsync()
    {
        for (var i = _random.Next(1, 4); i >= 0; i--)
        {
            var person = await _bank.AddUserAsync();
            _people.Add(person);
            (_accounts[person.User], _keys[person.Key]) = ((0, 0), (0, 0));
        }

        foreach (var id in new[] { LedgerAccounts.Platform, LedgerAccounts.Issuance })
        {
            await using var connection = await _bank.Database.OpenConnectionAsync();
            _accounts[id] = await connection.QuerySingleAsync<(long, long)>(
                "select balance_units, version from accounts where id = @id", new { id });
        }
    }

    private Task StepAsync() => _random.Next(9) switch
    {
        0 or 1 or 2 => PostAsync(),
        3 => RepeatAsync(),
        4 => CreditAsync(),
        5 or 6 => CorrectAsync(),
        7 => RepeatCorrectionAsync(),
        _ => SealAsync(),
    };

    private async Task PostAsync()
    {
        var outcomes = Enum.GetValues<Outcome>();
        var batch = Enumerable.Range(0, _random.Next(1, 8)).Select(_ => Shaped(_bank.Request(
            Anyone(), _random.NextInt64(0, 5_000), _random.NextInt64(0, 2_000), _random.Next(2) * Anyone().User,
            _random.Next(0, 5_001), outcomes[_random.Next(outcomes.Length)]))).ToList();
        _story.Add($"post {batch.Count}");
        var repeats = _posted.Where(_ => _random.Next(5) == 0).Take(5);
        await _ingest.IngestAsync(1, 1, Batches.Of(batch.Concat(repeats).OrderBy(_ => _random.Next())));
        foreach (var record in batch)
        {
            Charge(record);
        }
    }

    // With a lost attempt before the one that served, now and then.
    private UsageRecord Shaped(UsageRecord record)
    {
        var lost = new TokenUsage { Input = record.Usage.Input, Output = _random.Next(50) };
        var served = new AttemptRecord(record.Channel, 200, AttemptFault.None, 5)
        {
            Outcome = record.Outcome, PriceVersion = _bank.Price, Usage = record.Usage,
        };
        return _random.Next(3) != 0 || record.Outcome is Outcome.None or Outcome.LosingHedge
            ? record
            : record with
            {
                Attempts =
                [
                    new(1003, 200, AttemptFault.CutMidStream, 3)
                    {
                        Outcome = Outcome.LosingHedge, PriceVersion = _bank.Price, Usage = lost, IsCounted = true,
                    },
                    served,
                ],
            };
    }

    private void Charge(UsageRecord record)
    {
        _posted.Add(record);
        _attemptCosts += record.Attempts.Count == 2
            ? record.Attempts.Sum(a => TariffMath.Cost(_bank.Tariff, a.Usage).Units)
            : TariffMath.Cost(_bank.Tariff, record.Usage).Units;
        if (record.Cost == Usd.Zero)
        {
            return;
        }

        var owner = OwnerPartOf(record);
        Move(record.Account, record.OwnerAccount, owner);
        Move(record.Account, LedgerAccounts.Platform, record.Cost - owner);
        _keys[record.Key] = (_keys[record.Key].Spent + record.Cost.Units, _keys[record.Key].Version + 1);
    }

    private async Task RepeatAsync()
    {
        _story.Add("repeat");
        if (_posted.Count > 0)
        {
            var receipt = await _ingest.IngestAsync(
                1, 1, Batches.Of(_posted.OrderBy(_ => _random.Next()).Take(20), _random.Next(1, 1_000)));
            Assert.Equal((0, 0), (receipt.Accepted, receipt.Dead));
        }
    }

    private async Task CreditAsync()
    {
        var person = Anyone();
        var amount = new Usd(_random.Next(4) == 0 ? _random.NextInt64(-2_000_000, 0) : _random.NextInt64(0, 3_000_000));
        _story.Add($"credit {amount}");
        var result = await new Credits(_bank.Database).CreditAsync(person.User, amount, "fuzz", null);
        var allowed = amount > Usd.Zero
            || (amount < Usd.Zero && _accounts[person.User].Balance + amount.Units >= 0);
        Assert.Equal(allowed, result.Outcome == CreditOutcome.Posted);
        if (allowed)
        {
            Move(LedgerAccounts.Issuance, person.User, amount);
        }
    }

    private async Task CorrectAsync()
    {
        if (_posted.Count == 0)
        {
            return;
        }

        var record = _posted[_random.Next(_posted.Count)];
        var done = _refunds.TryGetValue(record, out var known) ? known : _refunds[record] = [];
        var refunded = done.Aggregate(Usd.Zero, (sum, refund) => sum + refund.Amount);
        var amount = new Usd(_random.NextInt64(-5, Math.Max(2, record.Cost.Units)));
        _story.Add($"correct {amount} of {record.Cost - refunded}");

        var reason = $"reason {done.Count}";
        var result = await new Corrector(_bank.Database).CorrectAsync(record.RequestId, amount, reason, null);

        var allowed = amount > Usd.Zero && refunded + amount <= record.Cost;
        Assert.Equal(
            allowed ? CorrectionOutcome.Posted : CorrectionOutcome.AmountOutOfRange, result.Outcome);
        if (allowed)
        {
            done.Add((reason, amount));
            var (owner, platform) = CorrectionSplit.Of(record.Cost, OwnerPartOf(record), refunded, amount);
            Move(record.OwnerAccount, record.Account, owner);
            Move(LedgerAccounts.Platform, record.Account, platform);
            _keys[record.Key] = (_keys[record.Key].Spent - amount.Units, _keys[record.Key].Version + 1);
        }
    }

    private async Task RepeatCorrectionAsync()
    {
        _story.Add("repeat a correction");
        foreach (var (record, refunds) in _refunds.Where(pair => pair.Value.Count > 0).Take(1))
        {
            var (reason, amount) = refunds[_random.Next(refunds.Count)];
            var corrector = new Corrector(_bank.Database);
            var again = await corrector.CorrectAsync(record.RequestId, amount, reason, null);
            var other = await corrector.CorrectAsync(record.RequestId, amount + new Usd(1), reason, null);
            Assert.Equal(
                (CorrectionOutcome.Repeated, CorrectionOutcome.OtherAmount), (again.Outcome, other.Outcome));
        }
    }

    private async Task SealAsync()
    {
        _story.Add("seal");
        await new Sealer(_bank.Database).SealAsync();
    }

    // Double entry by hand.
    private void Move(long from, long to, Usd amount)
    {
        if (amount > Usd.Zero)
        {
            _accounts[from] = (_accounts[from].Balance - amount.Units, _accounts[from].Version + 1);
            _accounts[to] = (_accounts[to].Balance + amount.Units, _accounts[to].Version + 1);
        }
        else if (amount < Usd.Zero)
        {
            Move(to, from, -amount);
        }
    }

    private async Task CheckAsync()
    {
        // In one round trip: this is most of the work of a sequence.
        await using var connection = await _bank.Database.OpenConnectionAsync();
        await using var all = await connection.QueryMultipleAsync(
            """
            select id, balance_units, version from accounts where id = any(@ids);
            select id, spent_units, spent_version from api_keys where id = any(@keys);
            select sum(balance_units)::bigint from accounts;
            select coalesce(sum(a.cost_units), 0)::bigint, coalesce(sum(a.charge_units), 0)::bigint
            from usage_events e join usage_attempts a on a.rid = e.rid
            where e.account_id = any(@users)
            """,
            new
            {
                ids = _accounts.Keys.ToArray(),
                keys = _keys.Keys.ToArray(),
                users = _people.Select(person => person.User).ToArray(),
            });
        var accounts = (await all.ReadAsync<(long Id, long Balance, long Version)>()).AsList();
        Assert.Equal(_accounts.Count, accounts.Count);
        Assert.All(accounts, row => Assert.Equal((row.Id, _accounts[row.Id]), (row.Id, (row.Balance, row.Version))));
        var keys = (await all.ReadAsync<(long Id, long Spent, long Version)>()).AsList();
        Assert.Equal(_keys.Count, keys.Count);
        Assert.All(keys, row => Assert.Equal((row.Id, _keys[row.Id]), (row.Id, (row.Spent, row.Version))));
        Assert.Equal(0, await all.ReadSingleAsync<long>());
        Assert.Equal(
            (_attemptCosts, _posted.Sum(record => record.Cost.Units)), await all.ReadSingleAsync<(long, long)>());
    }

    private (long User, long Key) Anyone() => _people[_random.Next(_people.Count)];

    private static Usd OwnerPartOf(UsageRecord record) =>
        record.OwnerAccount == 0 || record.OwnerAccount == record.Account
            ? Usd.Zero
            : TariffMath.Split(record.Cost, record.OwnerShareBp).Owner;
}
