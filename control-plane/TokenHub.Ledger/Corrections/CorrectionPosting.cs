using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Ledger.Postings;

namespace TokenHub.Ledger.Corrections;

/// <summary>
/// Gives money back for a charged request: by new rows, at most the cost in all, once for each reason. Balances of the
/// user, the channel's owner and the platform move together, and so does what the key has spent.
/// </summary>
public static class CorrectionPosting
{
    public const int ReasonLengthMax = 500;

    /// <summary>Corrections of one request: the number of a transfer's leg is a small integer.</summary>
    public const int CountMax = 1_000;

    private const string FindSql = """
        select account_id as account, key_id as key, owner_account_id as owner, cost_units as cost,
          owner_units as owner_part
        from usage_events
        where rid = @rid
        """;

    // In the order of their ids, like everyone who posts. The user's row also puts corrections of a request in order.
    private const string LockSql = """
        select id, balance_units as balance from accounts where id = any(@ids) order by id for no key update
        """;

    private const string DoneSql = "select * from corrections where rid = @rid order by seq";

    private const string AddSql = """
        insert into corrections (rid, seq, amount_units, owner_units, platform_units, reason, created_by)
        values (@Rid, @Seq, @Amount, @OwnerPart, @PlatformPart, @Reason, @ByUser)
        returning *
        """;

    private const string PostSql = """
        insert into transfers (kind, debit_account, credit_account, amount_units, rid, leg, reason, created_by)
        select x.kind, x.debit, @Account, x.amount, @Rid, x.leg, @Reason, @ByUser
        from (values
          ('correction_owner', @Owner::bigint, @OwnerPart::bigint, @OwnerLeg::smallint),
          ('correction_platform', 1, @PlatformPart, @PlatformLeg)) x (kind, debit, amount, leg)
        where x.amount > 0
        """;

    private const string MoveSql = """
        update accounts a
        set balance_units = a.balance_units + m.delta, version = a.version + m.postings, changed_at = now()
        from (
          select x.account, sum(x.delta)::bigint as delta, count(*) as postings
          from (values
            (@Account::bigint, @OwnerPart::bigint, @OwnerPart::bigint),
            (@Owner::bigint, -@OwnerPart::bigint, @OwnerPart::bigint),
            (@Account, @PlatformPart::bigint, @PlatformPart::bigint),
            (1, -@PlatformPart::bigint, @PlatformPart::bigint))
            x (account, delta, amount)
          where x.amount > 0
          group by x.account) m
        where a.id = m.account
        """;

    private const string KeySql = """
        update api_keys
        set spent_units = spent_units - @Amount::bigint, spent_version = spent_version + 1
        where id = @Key
        """;

    private const string NoteChangeSql = """
        insert into pending_changes (kind, subject_id)
        select 'balance', u.id from users u where u.id in (@Account, @Owner)
        """;

    /// <summary>
    /// Posts in the caller's transaction, so that an idempotency row can stand beside it. After the commit the caller
    /// calls <see cref="Corrector.TellAsync"/>.
    /// </summary>
    public static async Task<CorrectionResult> PostAsync(
        NpgsqlTransaction transaction,
        RequestId request,
        Usd amount,
        string reason,
        long? byUser,
        CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(reason.Length, ReasonLengthMax);
        var rid = request.ToGuid();
        CommandDefinition Command(string sql, object parameters) =>
            new(sql, parameters, transaction, cancellationToken: ct);

        var connection = transaction.Connection!;
        if (await connection.QuerySingleOrDefaultAsync<ChargeRow>(Command(FindSql, new { rid })) is not { } charge)
        {
            return new CorrectionResult(CorrectionOutcome.UnknownRequest, null, Usd.Zero, 0, 0, 0);
        }

        long[] ids = [charge.Account, charge.Owner, LedgerAccounts.Platform];
        var balances = await connection.QueryAsync<BalanceRow>(Command(LockSql, new { ids }));
        var done = (await connection.QueryAsync<CorrectionRow>(Command(DoneSql, new { rid }))).AsList();
        var refunded = new Usd(done.Sum(row => row.AmountUnits));
        var left = new Usd(charge.Cost) - refunded;
        var room = new Usd(Usd.ScriptUnitsMax - balances.First(row => row.Id == charge.Account).Balance);
        if (FindAnswer(done, amount, reason, Usd.Min(left, room)) is { } answer)
        {
            var before = done.Find(row => row.Reason == reason)?.ToCorrection();
            return new CorrectionResult(answer, before, left, charge.Account, charge.Owner, charge.Key);
        }

        var (owner, platform) = CorrectionSplit.Of(
            new Usd(charge.Cost), new Usd(charge.OwnerPart), refunded, amount);
        var move = new Move(
            rid, (short)(done.Count + 1), charge.Account, charge.Owner, charge.Key, amount.Units, owner.Units,
            platform.Units, reason, byUser);
        var added = await connection.QuerySingleAsync<CorrectionRow>(Command(AddSql, move));
        await connection.ExecuteAsync(Command(MoveSql, move));
        await connection.ExecuteAsync(Command(PostSql, move));
        await connection.ExecuteAsync(Command(KeySql, move));
        await connection.ExecuteAsync(Command(NoteChangeSql, move));
        return new CorrectionResult(
            CorrectionOutcome.Posted, added.ToCorrection(), left - amount, charge.Account, charge.Owner, charge.Key);
    }

    private static CorrectionOutcome? FindAnswer(List<CorrectionRow> done, Usd amount, string reason, Usd amountMax)
    {
        if (done.Find(row => row.Reason == reason) is { } same)
        {
            return same.AmountUnits == amount.Units ? CorrectionOutcome.Repeated : CorrectionOutcome.OtherAmount;
        }

        if (amount <= Usd.Zero || amount > amountMax)
        {
            return CorrectionOutcome.AmountOutOfRange;
        }

        return done.Count >= CountMax ? CorrectionOutcome.TooMany : null;
    }

    private sealed record BalanceRow(long Id, long Balance);

    private sealed record ChargeRow(long Account, long Key, long Owner, long Cost, long OwnerPart);

    // The parameters of the statements above, by their names.
    private sealed record Move(
        Guid Rid,
        short Seq,
        long Account,
        long Owner,
        long Key,
        long Amount,
        long OwnerPart,
        long PlatformPart,
        string Reason,
        long? ByUser)
    {
        public short OwnerLeg => (short)((2 * Seq) + 1);
        public short PlatformLeg => (short)((2 * Seq) + 2);
    }
}
