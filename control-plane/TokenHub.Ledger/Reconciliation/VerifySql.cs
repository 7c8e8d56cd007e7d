namespace TokenHub.Ledger.Reconciliation;

/// <summary>
/// The checks that the database does by itself. Each gives one row for a problem: subject and detail.
/// </summary>
internal static class VerifySql
{
    public const string TotalsSql = """
        select
          (select count(*) from accounts) as accounts,
          (select count(*) from transfers) as transfers,
          (select coalesce(sum(balance_units), 0)::bigint from accounts) as sum
        """;

    public const string BalancesSql = """
        select a.id::text as subject,
          format('balance %s, postings give %s; version %s, postings are %s',
            a.balance_units, coalesce(t.total, 0), a.version, coalesce(t.postings, 0)) as detail
        from accounts a
        left join (
          select x.account, sum(x.delta) as total, count(*) as postings
          from transfers t
          cross join lateral (values
            (t.debit_account, -t.amount_units), (t.credit_account, t.amount_units)) x (account, delta)
          group by x.account) t on t.account = a.id
        where a.balance_units <> coalesce(t.total, 0) or a.version <> coalesce(t.postings, 0)
        order by a.id
        limit @limit
        """;

    public const string UsersWithoutAccountSql = """
        select u.id::text as subject, 'user has no account' as detail
        from users u
        where not exists (select from accounts a where a.id = u.id and a.kind = 'user')
        order by u.id
        limit @limit
        """;

    public const string OwnerTransfersSql = """
        select e.rid::text as subject,
          format('owner part is %s, transfer is %s from %s to %s',
            e.owner_units, coalesce(t.amount_units, 0), t.debit_account, t.credit_account) as detail
        from usage_events e
        left join transfers t on t.rid = e.rid and t.leg = 1
        where coalesce(t.amount_units, 0) <> e.owner_units
          or (t.id is not null and (t.debit_account, t.credit_account, t.kind)
            <> (e.account_id, e.owner_account_id, 'usage_owner'))
        limit @limit
        """;

    public const string PlatformTransfersSql = """
        select e.rid::text as subject,
          format('platform part is %s, transfer is %s from %s to %s',
            e.cost_units - e.owner_units, coalesce(t.amount_units, 0), t.debit_account, t.credit_account) as detail
        from usage_events e
        left join transfers t on t.rid = e.rid and t.leg = 2
        where coalesce(t.amount_units, 0) <> e.cost_units - e.owner_units
          or (t.id is not null and (t.debit_account, t.credit_account, t.kind)
            <> (e.account_id, 1, 'usage_platform'))
        limit @limit
        """;

    public const string StrayTransfersSql = """
        select t.id::text as subject,
          format('%s of %s from %s to %s has no request or is of no known kind',
            t.kind, t.amount_units, t.debit_account, t.credit_account) as detail
        from transfers t
        left join usage_events e on e.rid = t.rid
        left join corrections c on c.rid = t.rid and c.seq = (t.leg - 1) / 2
        where (t.rid is not null and (e.rid is null or (t.leg not in (1, 2) and c.rid is null)))
          or (t.rid is null and not (t.kind = 'credit' and t.debit_account = 2)
            and not (t.kind = 'debit' and t.credit_account = 2))
        order by t.id
        limit @limit
        """;

    public const string KeysSql = """
        select k.id::text as subject,
          format('spent %s, requests give %s; version %s, charges and corrections are %s',
            k.spent_units, coalesce(e.spent, 0), k.spent_version, coalesce(e.charges, 0)) as detail
        from api_keys k
        left join (
          select x.key_id, sum(x.spent) as spent, count(*) as charges
          from (
            select key_id, cost_units as spent from usage_events where cost_units > 0
            union all
            select u.key_id, -c.amount_units from corrections c join usage_events u on u.rid = c.rid) x
          group by x.key_id) e on e.key_id = k.id
        where k.spent_units <> coalesce(e.spent, 0) or k.spent_version <> coalesce(e.charges, 0)
        order by k.id
        limit @limit
        """;

    public const string EventsSql = """
        select e.rid, e.account_id, e.owner_account_id, e.owner_share_bp, e.outcome, e.cost_units, e.owner_units,
          e.input, e.cache_read, e.cache_write_5m, e.cache_write_1h, e.cache_write_other, e.output, e.images,
          e.audio_ms, e.characters, e.group_bp, e.surge_bp, e.fire_sale_bp,
          p.id as price_id, coalesce(p.input_units, 0) as price_input, coalesce(p.output_units, 0) as price_output,
          p.cache_read_units as price_cache_read, p.cache_write_5m_units as price_cache_write_5m,
          p.cache_write_1h_units as price_cache_write_1h, p.image_units as price_image,
          p.audio_minute_units as price_audio_minute, p.characters_units as price_characters
        from usage_events e
        left join prices p on p.id = e.price_id
        """;

    // Each correction has its two transfers, back to the user from those who were paid.
    public const string CorrectionsSql = """
        select c.rid || '/' || c.seq as subject,
          format('parts are %s and %s, transfers are %s from %s and %s from %s', c.owner_units, c.platform_units,
            o.amount_units, o.debit_account, p.amount_units, p.debit_account) as detail
        from corrections c
        left join usage_events e on e.rid = c.rid
        left join transfers o on o.rid = c.rid and o.leg = 2 * c.seq + 1
        left join transfers p on p.rid = c.rid and p.leg = 2 * c.seq + 2
        where e.rid is null
          or coalesce(o.amount_units, 0) <> c.owner_units
          or coalesce(p.amount_units, 0) <> c.platform_units
          or (o.id is not null and (o.debit_account, o.credit_account, o.kind)
            <> (e.owner_account_id, e.account_id, 'correction_owner'))
          or (p.id is not null and (p.debit_account, p.credit_account, p.kind)
            <> (1, e.account_id, 'correction_platform'))
        limit @limit
        """;

    // In all at most what was charged, from nobody more than he got, and numbered without a gap.
    public const string RefundsSql = """
        select c.rid::text as subject,
          format('cost is %s, given back are %s, of the owner %s of %s', e.cost_units, c.amount, c.owner, e.owner_units)
            as detail
        from (
          select rid, sum(amount_units) as amount, sum(owner_units) as owner, sum(platform_units) as platform,
            max(seq) as last, count(*) as rows
          from corrections
          group by rid) c
        join usage_events e on e.rid = c.rid
        where c.amount > e.cost_units or c.owner > e.owner_units or c.platform > e.cost_units - e.owner_units
          or c.last <> c.rows or c.owner <> div(e.owner_units::numeric * c.amount, greatest(e.cost_units, 1))
        limit @limit
        """;

    // A request has the rows of attempts that it says, and their charges are its cost.
    public const string AttemptsSql = """
        select e.rid::text as subject,
          format('cost is %s, attempts are charged %s; attempts are %s, rows are %s',
            e.cost_units, coalesce(a.charged, 0), e.attempt_count, coalesce(a.rows, 0)) as detail
        from usage_events e
        left join (
          select rid, sum(charge_units) as charged, count(*) as rows
          from usage_attempts
          group by rid) a on a.rid = e.rid
        where e.attempt_count is not null
          and (e.cost_units <> coalesce(a.charged, 0) or e.attempt_count <> coalesce(a.rows, 0))
        limit @limit
        """;

    public const string StrayAttemptsSql = """
        select a.rid::text as subject, format('attempt %s has no request', a.no) as detail
        from usage_attempts a
        left join usage_events e on e.rid = a.rid
        where e.rid is null or e.attempt_count is null
        limit @limit
        """;

    public const string AttemptCostsSql = """
        select rid, no, price_id, input, cache_read, cache_write_5m, cache_write_1h, cache_write_other, output,
          images, audio_ms, characters, cost_units
        from usage_attempts
        """;
}
