using Dapper;
using Npgsql;
using TokenHub.Core.Money;

namespace TokenHub.Ledger.Postings;

/// <summary>Reads an account's postings, newest first.</summary>
public sealed class PostingReads(NpgsqlDataSource database)
{
    public const int PageSizeMax = 500;

    // Each side walks its own index; "or" over two columns would walk neither.
    private const string PageSql = """
        select id, kind, debit_account, credit_account, amount_units, rid, reason, created_by, created_at
        from (
          (select id, kind, debit_account, credit_account, amount_units, rid, reason, created_by, created_at
           from transfers
           where debit_account = @account and id < @before
             and (@kind::text is null or kind = @kind)
           order by id desc
           limit @limit)
          union all
          (select id, kind, debit_account, credit_account, amount_units, rid, reason, created_by, created_at
           from transfers
           where credit_account = @account and id < @before
             and (@kind::text is null or kind = @kind)
           order by id desc
           limit @limit)) both_sides
        order by id desc
        limit @limit
        """;

    private const string AllSql = """
        select id, kind, debit_account, credit_account, amount_units, rid, reason, created_by, created_at
        from transfers
        where id < @before
          and (@kind::text is null or kind = @kind)
        order by id desc
        limit @limit
        """;

    /// <summary>
    /// At most <paramref name="limit"/> postings before the one with id <paramref name="before"/>. Without an account,
    /// all transfers as their payer sees them.
    /// </summary>
    public async Task<IReadOnlyList<Posting>> PageAsync(
        long? account, int limit, long? before = null, string? kind = null, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)limit, (uint)PageSizeMax);
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<TransferRow>(new CommandDefinition(
            account is null ? AllSql : PageSql,
            new { account, limit, before = before ?? long.MaxValue, kind },
            cancellationToken: ct));
        return [.. rows.Select(row => row.SeenBy(account ?? row.DebitAccount))];
    }

    private sealed record TransferRow
    {
        public long Id { get; init; }
        public string Kind { get; init; } = "";
        public long DebitAccount { get; init; }
        public long CreditAccount { get; init; }
        public long AmountUnits { get; init; }
        public Guid? Rid { get; init; }
        public string Reason { get; init; } = "";
        public long? CreatedBy { get; init; }
        public DateTime CreatedAt { get; init; }

        public Posting SeenBy(long account)
        {
            var received = account == CreditAccount;
            return new Posting
            {
                Id = Id,
                Kind = Kind,
                Account = account,
                Counterparty = received ? DebitAccount : CreditAccount,
                Amount = received ? new Usd(AmountUnits) : -new Usd(AmountUnits),
                RequestId = Rid is { } rid ? Core.Requests.RequestId.FromGuid(rid).ToString() : null,
                Reason = Reason,
                CreatedBy = CreatedBy,
                CreatedAt = CreatedAt,
            };
        }
    }
}
