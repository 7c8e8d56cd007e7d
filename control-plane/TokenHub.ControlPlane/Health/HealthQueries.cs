using Dapper;
using Npgsql;

namespace TokenHub.ControlPlane.Health;

/// <summary>Half an hour of a channel as it was summed up.</summary>
internal sealed record HealthRow
{
    public long ChannelId { get; init; }
    public DateTime StartsAt { get; init; }
    public long Available { get; init; }
    public long Empty { get; init; }
    public long Failed { get; init; }
    public long Down { get; init; }
    public long Slow { get; init; }
    public long FirstTokens { get; init; }
    public long FirstTokenMs { get; init; }
    public long ProbesGood { get; init; }
    public long ProbesBad { get; init; }

    public long Attempts => Available + Empty + Failed + Down;
}

/// <summary>The health of channels in PostgreSQL. It is summed up where attempts are posted.</summary>
internal sealed class HealthQueries(NpgsqlDataSource database)
{
    private const string ReadSql = """
        select channel_id, starts_at, available, empty, failed, down, slow, first_tokens, first_token_ms, probes_good,
          probes_bad
        from channel_health
        where channel_id = any(@Channels) and starts_at >= @Since
        order by channel_id, starts_at
        """;

    private const string DueSql = """
        select c.id
        from channels c
        left join channel_probes p on p.channel_id = c.id
        where c.status = 'active' and (p.probed_at is null or p.probed_at <= @Before)
        order by p.probed_at nulls first, c.id
        limit @Count
        """;

    private const string ProbedSql = """
        with noted as (
          insert into channel_probes (channel_id, probed_at, is_good, ttft_ms, error)
          values (@Channel, @At, @IsGood, @TtftMs, @Error)
          on conflict (channel_id) do update
          set probed_at = excluded.probed_at, is_good = excluded.is_good, ttft_ms = excluded.ttft_ms,
            error = excluded.error)
        insert into channel_health as h (channel_id, starts_at, probes_good, probes_bad)
        values (@Channel, @StartsAt, @IsGood::int, (not @IsGood)::int)
        on conflict (channel_id, starts_at) do update
        set probes_good = h.probes_good + excluded.probes_good, probes_bad = h.probes_bad + excluded.probes_bad
        """;

    private const string ForgetSql = "delete from channel_health where starts_at < @Before";

    public async Task<ILookup<long, HealthRow>> ReadAsync(
        IReadOnlyList<long> channels, DateTime since, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<HealthRow>(new CommandDefinition(
            ReadSql, new { Channels = channels, Since = since }, cancellationToken: cancellation));
        return rows.ToLookup(row => row.ChannelId);
    }

    /// <summary>Channels whose turn to be probed has come, those first that have waited longest.</summary>
    public async Task<IReadOnlyList<long>> DueAsync(DateTime before, int count, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return (await connection.QueryAsync<long>(new CommandDefinition(
            DueSql, new { Before = before, Count = count }, cancellationToken: cancellation))).AsList();
    }

    public async Task NoteProbeAsync(
        long channel, DateTime at, bool isGood, long? ttftMs, string? error, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            ProbedSql,
            new
            {
                Channel = channel,
                At = at,
                StartsAt = HealthRules.WindowOf(at),
                IsGood = isGood,
                TtftMs = ttftMs,
                Error = error,
            },
            cancellationToken: cancellation));
    }

    public async Task ForgetAsync(DateTime before, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await connection.ExecuteAsync(
            new CommandDefinition(ForgetSql, new { Before = before }, cancellationToken: cancellation));
    }
}
