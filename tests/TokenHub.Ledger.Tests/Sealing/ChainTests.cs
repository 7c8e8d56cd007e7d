using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Sealing;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Sealing;

/// <summary>The chain of hashes over transfers: what is sealed cannot change unseen.</summary>
[Trait("needs", "postgres")]
public sealed class ChainTests(LedgerServers servers)
{
    // Each row: what somebody does behind the ledger's back, and what the report names.
    public static TheoryData<string, string> Tampering => new()
    {
        { "update transfers set amount_units = amount_units + 1 where id = 7", "transfer 7" },
        { "update transfers set kind = 'debit' where id = 7", "transfer 7" },
        { "update transfers set debit_account = 2, credit_account = 1 where id = 7", "transfer 7" },
        { "update transfers set rid = gen_random_uuid() where id = 7", "transfer 7" },
        { "update transfers set rid = null, leg = null where id = 7", "transfer 7" },
        { "update transfers set leg = 9 where id = 7", "transfer 7" },
        { "update transfers set reason = 'b' where id = 7", "transfer 7" },
        { "update transfers set created_by = 0 where id = 7", "transfer 7" },
        { "update transfers set created_at = created_at + interval '1 microsecond' where id = 7", "transfer 7" },
        {
            """
            with moved as (delete from transfers where id = 12 returning *)
            insert into transfers overriding system value
            select id + 1000, kind, debit_account, credit_account, amount_units, rid, leg, reason, created_by, created_at
            from moved
            """,
            "seal 3"
        },
        { "delete from transfers where id = 7", "seal 2" },
        { "delete from transfers where id = 12", "seal 3" },
        { "delete from transfers where id between 5 and 8", "seal 2" },
        { "delete from transfers", "seal 1" },
        {
            """
            insert into transfers (id, kind, debit_account, credit_account, amount_units)
            overriding system value values (-1, 'credit', 2, 1, 5)
            """,
            "none"
        },
        {
            """
            insert into transfers (id, kind, debit_account, credit_account, amount_units)
            overriding system value values (6, 'credit', 2, 1, 5)
            """,
            "transfer 6"
        },
        {
            "update transfers t set created_at = o.created_at from transfers o where t.id + o.id = 11 and t.id in (3, 8)",
            "transfer 3"
        },
        { "update transfer_seals set hash = sha256(hash) where no = 2", "seal 2" },
        { "update transfer_seals set previous = sha256(previous) where no = 2", "seal 2" },
        { "update transfer_seals set marks = overlay(marks placing '\\x00'::bytea from 3) where no = 2", "seal 2" },
        { "update transfer_seals set sealed_at = sealed_at - interval '1 microsecond' where no = 2", "seal 2" },
        { "update transfer_seals set last_id = last_id + 1 where no = 2", "transfer 9" },
        { "update transfer_seals set last_id = last_id - 1 where no = 2", "seal 2" },
        { "delete from transfer_seals where no = 2", "seal 2" },
        { "delete from transfer_seals where no = 1", "seal 1" },
        { "update transfer_seals set no = 30 where no = 3", "seal 3" },
        { "update transfer_seals set no = case no when 1 then 2 else 1 end + 10 where no < 3", "seal 1" },
    };

    [Fact]
    public async Task Sound_chain_is_walked_from_its_beginning_to_its_head()
    {
        await using var bank = await SealedAsync();

        var report = await new Verify(bank.Database).RunAsync(TestContext.Current.CancellationToken);

        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((3, 12, 0), (report.Chain.Seals, report.Chain.Sealed, report.Chain.Unsealed));
        Assert.Matches("^3:[0-9a-f]{64}$", report.Chain.Head);
    }

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task Tampering_is_found_and_named(string change, string named)
    {
        await using var bank = await SealedAsync();
        Assert.True(await bank.PlantAsync(change) > 0);

        var report = await new Verify(bank.Database).RunAsync(TestContext.Current.CancellationToken);

        Assert.False(report.Ok);
        var problem = report.Problems.SingleOrDefault(p => p.Check == "chain");
        Assert.Equal(named, problem?.Subject ?? "none");
    }

    [Theory]
    [InlineData("delete from transfer_seals where no = 3")]
    [InlineData("delete from transfer_seals")]
    public async Task Chain_that_was_cut_or_made_anew_does_not_have_the_head_that_somebody_kept(string change)
    {
        await using var bank = await SealedAsync();
        var verify = new Verify(bank.Database);
        var head = (await verify.RunAsync(TestContext.Current.CancellationToken)).Chain.Head;
        Assert.True((await verify.RunAsync(head, TestContext.Current.CancellationToken)).Ok);
        await bank.PlantAsync("update transfers set reason = 'other' where id > 9");
        await bank.PlantAsync(change);
        await new Sealer(bank.Database).SealAsync(TestContext.Current.CancellationToken);

        Assert.True((await verify.RunAsync(TestContext.Current.CancellationToken)).Chain.Ok);
        var report = await verify.RunAsync(head, TestContext.Current.CancellationToken);

        Assert.Equal("seal 3", Assert.Single(report.Problems, p => p.Check == "chain").Subject);
    }

    [Theory]
    [InlineData("update transfer_seals set no = no + 10")]
    [InlineData("delete from transfer_seals")]
    [InlineData("truncate transfer_seals")]
    public async Task Seals_cannot_be_changed(string change)
    {
        await using var bank = await SealedAsync();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => bank.ExecuteAsync(change));

        Assert.Equal("23001", refusal.SqlState);
    }

    [Fact]
    public async Task Transfer_whose_transaction_is_still_open_holds_the_seals_back_and_nobody_else()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        await using var connection = await bank.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var open = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using (var late = new NpgsqlCommand(
            "insert into transfers (kind, debit_account, credit_account, amount_units) values ('credit', 2, 1, 5)",
            connection,
            open))
        {
            await late.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var sealer = new Sealer(bank.Database);
        await sealer.SealAsync(TestContext.Current.CancellationToken);
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(bank.Request(caller)));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(0, await sealer.SealAsync(TestContext.Current.CancellationToken));
        }

        await open.CommitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, await SealAllAsync(sealer));
        Assert.Equal(3, await bank.ScalarAsync<long>("select sum(transfers) from transfer_seals"));
        var report = await new Verify(bank.Database).RunAsync(TestContext.Current.CancellationToken);
        Assert.True(report.Chain.Ok, report.Chain.Fault);
    }

    [Fact]
    public async Task Sealers_at_once_among_busy_writers_make_one_chain_over_everything()
    {
        await using var bank = await Bank.OpenAsync(servers);
        var people = new List<(long User, long Key)>();
        for (var i = 0; i < 4; i++)
        {
            people.Add(await bank.AddUserAsync(Usd.FromDollars(10)));
        }

        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            var ingest = bank.Ingest();
            var credits = new Ledger.Postings.Credits(bank.Database);
            for (var round = 0; round < 25; round++)
            {
                await ingest.IngestAsync(1, 1, Batches.Of(Enumerable.Range(0, 40).Select(i => bank.Request(
                    people[i % 4], owner: people[(i + 1) % 4].User, shareBp: 2500))));
                await credits.CreditAsync(people[writer].User, new Usd(5), "x", null);
            }
        })));
        var sealers = Enumerable.Range(0, 3).Select(_ => new Sealer(bank.Database)).ToList();
        await Task.WhenAll(sealers.Select(sealer => Task.Run(async () =>
        {
            while (!writing.IsCompleted)
            {
                await sealer.SealAsync(TestContext.Current.CancellationToken);
            }
        })));
        await writing;
        await SealAllAsync(sealers[0]);

        var report = await new Verify(bank.Database).RunAsync(TestContext.Current.CancellationToken);

        Assert.True(report.Ok, string.Join('\n', report.Problems));
        Assert.Equal((report.Transfers, 0L), (report.Chain.Sealed, report.Chain.Unsealed));
        Assert.True(report.Chain.Seals > 3, $"{report.Chain.Seals} seals");
    }

    private static async Task<int> SealAllAsync(Sealer sealer) =>
        await sealer.SealAsync(TestContext.Current.CancellationToken)
        + await sealer.SealAsync(TestContext.Current.CancellationToken);

    // Transfers 1 to 4 under the first seal, 5 to 8 (number 6 is missing, as when a transaction is rolled back) and 9.
    private async Task<Bank> SealedAsync()
    {
        var bank = await Bank.OpenAsync(servers);
        var sealer = new Sealer(bank.Database);
        var caller = await bank.AddUserAsync(Usd.FromDollars(10));
        var owner = await bank.AddUserAsync();
        UsageRecord Shared() => bank.Request(caller, owner: owner.User, shareBp: 3000);

        var first = Shared();
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(first, bank.Request(caller)));
        Assert.Equal(4, await SealAllAsync(sealer));
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(bank.Request(caller)));
        await bank.ScalarAsync<long>("select nextval(pg_get_serial_sequence('transfers', 'id'))");
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(Shared()));
        Assert.Equal(3, await SealAllAsync(sealer));
        await new Corrector(bank.Database).CorrectAsync(first.RequestId, new Usd(500), "a", null);
        await bank.AddUserAsync(Usd.FromDollars(1));
        await bank.Ingest().IngestAsync(1, 1, Batches.Of(Shared()));
        Assert.Equal(5, await SealAllAsync(sealer));
        return bank;
    }
}
