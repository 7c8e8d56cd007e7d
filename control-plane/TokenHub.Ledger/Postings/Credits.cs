using Dapper;
using Npgsql;
using TokenHub.Core.Money;

namespace TokenHub.Ledger.Postings;

/// <summary>Moves credit from the issuance account to a user, or back.</summary>
public sealed class Credits(
    NpgsqlDataSource database,
    Func<long, CancellationToken, Task>? tellRedis = null,
    Func<long, CancellationToken, Task<Usd>>? readCommitted = null)
{
    // In the order of their ids, like everyone who posts.
    private const string LockSql = """
        select id, balance_units as balance, version
        from accounts
        where id in (@issuance, @user) and kind in ('issuance', 'user')
        order by id
        for no key update
        """;

    private const string MoveSql = """
        update accounts
        set balance_units = balance_units + case id when @Credit::bigint then @Amount::bigint else -@Amount::bigint end,
          version = version + 1, changed_at = now()
        where id in (@Debit, @Credit)
        returning id, balance_units as balance, version
        """;

    private const string PostSql = """
        insert into transfers (kind, debit_account, credit_account, amount_units, reason, created_by)
        values (@Kind, @Debit, @Credit, @Amount, @Reason, @ByUser)
        returning id, created_at
        """;

    private const string NoteChangeSql =
        "insert into pending_changes (kind, subject_id) values ('balance', @User)";

    /// <summary>Most characters of a reason.</summary>
    public const int ReasonLengthMax = 500;

    /// <summary>
    /// Posts in a transaction of its own and then tells Redis. A negative amount is a debit, never below zero.
    /// </summary>
    public async Task<CreditResult> CreditAsync(
        long userId, Usd amount, string reason, long? byUser, CancellationToken ct = default)
    {
        CreditResult result;
        await using (var connection = await database.OpenConnectionAsync(ct))
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            result = await PostAsync(transaction, userId, amount, reason, byUser, ct);
            if (result.Outcome == CreditOutcome.Posted)
            {
                await transaction.CommitAsync(ct);
            }
        }

        if (result.Outcome == CreditOutcome.Posted)
        {
            await TellAsync(userId, ct);
        }

        return result;
    }

    /// <summary>
    /// Posts in the caller's transaction, so that an idempotency row can stand beside it. After the commit the caller
    /// calls <see cref="TellAsync"/>.
    /// </summary>
    public async Task<CreditResult> PostAsync(
        NpgsqlTransaction transaction,
        long userId,
        Usd amount,
        string reason,
        long? byUser,
        CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reason.Length, ReasonLengthMax);
        var connection = transaction.Connection!;
        var both = new { issuance = LedgerAccounts.Issuance, user = userId };
        var rows = (await connection.QueryAsync<AccountRow>(
            new CommandDefinition(LockSql, both, transaction, cancellationToken: ct))).AsList();
        var before = rows.Find(row => row.Id == userId);
        if (before is null || userId == LedgerAccounts.Issuance)
        {
            return new CreditResult(CreditOutcome.UnknownUser, null, Usd.Zero, 0);
        }

        var committed = amount < Usd.Zero && readCommitted is not null ? await readCommitted(userId, ct) : Usd.Zero;
        if (FindRefusal(new Usd(before.Balance) - committed, amount) is { } refusal)
        {
            return new CreditResult(refusal, null, new Usd(before.Balance), before.Version);
        }

        var move = new Move(userId, amount, reason, byUser);
        var moved = await connection.QueryAsync<AccountRow>(
            new CommandDefinition(MoveSql, move, transaction, cancellationToken: ct));
        var posted = await connection.QuerySingleAsync<PostedRow>(
            new CommandDefinition(PostSql, move, transaction, cancellationToken: ct));
        await connection.ExecuteAsync(new CommandDefinition(NoteChangeSql, move, transaction, cancellationToken: ct));
        var after = moved.First(row => row.Id == userId);
        return new CreditResult(
            CreditOutcome.Posted, move.ToPosting(posted), new Usd(after.Balance), after.Version);
    }

    /// <summary>
    /// Brings the balance to Redis now. When that fails, the record of changes does it a moment later.
    /// </summary>
    public Task TellAsync(long userId, CancellationToken ct = default) =>
        tellRedis is null ? Task.CompletedTask : tellRedis(userId, ct);

    private static CreditOutcome? FindRefusal(Usd balance, Usd amount)
    {
        if (amount == Usd.Zero || amount.Units is < -Usd.ScriptUnitsMax or > Usd.ScriptUnitsMax)
        {
            return CreditOutcome.AmountOutOfRange;
        }

        var after = balance + amount;
        if (after.Units > Usd.ScriptUnitsMax)
        {
            return CreditOutcome.AmountOutOfRange;
        }

        return amount < Usd.Zero && after < Usd.Zero ? CreditOutcome.InsufficientFunds : null;
    }

    private sealed record AccountRow(long Id, long Balance, long Version);

    private sealed record PostedRow(long Id, DateTime CreatedAt);

    // The parameters of the statements above, by their names.
    private sealed record Move(long User, Usd Signed, string Reason, long? ByUser)
    {
        public bool IsCredit => Signed > Usd.Zero;
        public string Kind => IsCredit ? "credit" : "debit";
        public long Debit => IsCredit ? LedgerAccounts.Issuance : User;
        public long Credit => IsCredit ? User : LedgerAccounts.Issuance;
        public long Amount => Math.Abs(Signed.Units);

        public Posting ToPosting(PostedRow row) => new()
        {
            Id = row.Id,
            Kind = Kind,
            Account = User,
            Counterparty = LedgerAccounts.Issuance,
            Amount = Signed,
            Reason = Reason,
            CreatedBy = ByUser,
            CreatedAt = row.CreatedAt,
        };
    }
}
