using Dapper;
using Npgsql;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Corrections;

namespace TokenHub.Ledger.Requests;

/// <summary>What a page of requests is narrowed to; null means any.</summary>
public sealed record RequestFilter
{
    public long? Account { get; init; }
    public long? Key { get; init; }
    public long? Channel { get; init; }
    public string? Model { get; init; }

    /// <summary>True for charged requests only, false for refunded ones only.</summary>
    public bool? Charged { get; init; }

    /// <summary>Only requests older than this one: the last of the page before.</summary>
    public RequestId? Before { get; init; }
}

/// <summary>
/// Reads requests, newest first. The request id begins with its time, so it is also the order and the cursor.
/// </summary>
public sealed class RequestReads(NpgsqlDataSource database)
{
    public const int PageSizeMax = 500;

    private static readonly short[] AllOutcomes = [.. Enum.GetValues<Outcome>().Select(o => (short)o)];

    private static readonly Guid After = new("ffffffff-ffff-ffff-ffff-ffffffffffff");

    // Two texts because the plan differs: one walks the index of an account, the other the ids themselves.
    private const string PageOfAccountSql = """
        select rid, account_id, key_id, channel_id, model, dialect, outcome, is_stream, is_counted, status, started_at,
          first_token_ms, duration_ms, hold_units, cost_units, input, cache_read, cache_write_5m, cache_write_1h,
          cache_write_other, output, reasoning, tool_use_prompt, images, audio_ms, characters, notes,
          coalesce(attempt_count, jsonb_array_length(attempts)) as attempt_count
        from usage_events
        where account_id = @account
          and rid < @before
          and (@key::bigint is null or key_id = @key)
          and (@channel::bigint is null or channel_id = @channel)
          and (@model::text is null or model = @model)
          and (@outcomes::smallint[] is null or outcome = any(@outcomes))
        order by rid desc
        limit @limit
        """;

    private const string PageOfAllSql = """
        select rid, account_id, key_id, channel_id, model, dialect, outcome, is_stream, is_counted, status, started_at,
          first_token_ms, duration_ms, hold_units, cost_units, input, cache_read, cache_write_5m, cache_write_1h,
          cache_write_other, output, reasoning, tool_use_prompt, images, audio_ms, characters, notes,
          coalesce(attempt_count, jsonb_array_length(attempts)) as attempt_count
        from usage_events
        where rid < @before
          and (@key::bigint is null or key_id = @key)
          and (@channel::bigint is null or channel_id = @channel)
          and (@model::text is null or model = @model)
          and (@outcomes::smallint[] is null or outcome = any(@outcomes))
        order by rid desc
        limit @limit
        """;

    private const string OneSql = """
        select e.rid, e.account_id, e.key_id, e.channel_id, e.owner_account_id, e.owner_share_bp, e.model, e.dialect,
          e.outcome, e.is_stream, e.is_counted, e.status, e.started_at, e.first_token_ms, e.duration_ms, e.hold_units,
          e.cost_units, e.owner_units, e.input, e.cache_read, e.cache_write_5m, e.cache_write_1h, e.cache_write_other,
          e.output, e.reasoning, e.tool_use_prompt, e.upstream_id, e.attempts::text as attempts, e.settled_at,
          e.notes, e.abort_policy, e.attempt_count, e.images, e.audio_ms, e.characters, e.group_bp, e.surge_bp,
          e.fire_sale_bp, e.route,
          p.id as price_id, coalesce(p.input_units, 0) as price_input, coalesce(p.output_units, 0) as price_output,
          p.cache_read_units as price_cache_read, p.cache_write_5m_units as price_cache_write_5m,
          p.cache_write_1h_units as price_cache_write_1h, p.image_units as price_image,
          p.audio_minute_units as price_audio_minute, p.characters_units as price_characters,
          p.list_units as price_list
        from usage_events e
        left join prices p on p.id = e.price_id
        where e.rid = @rid
          and (@account::bigint is null or e.account_id = @account)
        """;

    private const string CorrectionsSql = "select * from corrections where rid = @rid order by seq";

    private const string AttemptsSql = "select * from usage_attempts where rid = @rid order by no";

    /// <summary>At most <paramref name="limit"/> requests, newest first.</summary>
    public async Task<IReadOnlyList<RequestSummary>> PageAsync(
        RequestFilter filter, int limit, CancellationToken ct = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)limit, (uint)PageSizeMax);
        var parameters = new
        {
            account = filter.Account,
            key = filter.Key,
            channel = filter.Channel,
            model = filter.Model,
            outcomes = filter.Charged is { } charged
                ? Array.FindAll(AllOutcomes, outcome => ((Outcome)outcome).IsCharged() == charged)
                : null,
            before = filter.Before?.ToGuid() ?? After,
            limit,
        };
        await using var connection = await database.OpenConnectionAsync(ct);
        var rows = await connection.QueryAsync<RequestRow>(new CommandDefinition(
            filter.Account is null ? PageOfAllSql : PageOfAccountSql, parameters, cancellationToken: ct));
        return [.. rows.Select(row => row.ToSummary())];
    }

    /// <summary>Null when there is none, or it is not of <paramref name="account"/> where one is given.</summary>
    public async Task<RequestDetail?> FindAsync(RequestId id, long? account, CancellationToken ct = default)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var row = await connection.QuerySingleOrDefaultAsync<RequestRow>(
            new CommandDefinition(OneSql, new { rid = id.ToGuid(), account }, cancellationToken: ct));
        if (row is null)
        {
            return null;
        }

        var attempts = row.AttemptCount is null
            ? OldAttempt.Read(row.Attempts)
            : [.. (await connection.QueryAsync<AttemptRow>(
                new CommandDefinition(AttemptsSql, new { rid = row.Rid }, cancellationToken: ct)))
                .Select(attempt => attempt.ToAttempt())];
        var corrections = await connection.QueryAsync<CorrectionRow>(
            new CommandDefinition(CorrectionsSql, new { rid = row.Rid }, cancellationToken: ct));
        return row.ToDetail(attempts, [.. corrections.Select(correction => correction.ToCorrection())]);
    }
}
