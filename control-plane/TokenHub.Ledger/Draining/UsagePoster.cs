using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Posts entries in one transaction. A database that refuses the content (rather than being away) makes it halve the
/// entries until those that it refuses stand alone with their fault, and all others are posted.
/// </summary>
internal sealed class UsagePoster(NpgsqlDataSource database)
{
    private const string IngestSql = """
        select what, id, units, version
        from ingest_usage(
          @PositionGateway, @PositionLsn,
          @Rid, @GatewayNo, @Account, @Key, @Channel, @Owner, @OwnerShareBp, @Price, @Model, @Dialect, @Outcome,
          @IsStream, @IsCounted, @Status, @StartedAt, @FirstTokenMs, @DurationMs, @Hold, @Cost, @OwnerUnits,
          @Input, @CacheRead, @CacheWrite5m, @CacheWrite1h, @CacheWriteOther, @Output, @Reasoning, @ToolUsePrompt,
          @UpstreamId, @Notes, @AbortPolicy, @AttemptCount, @GroupBp, @SurgeBp, @FireSaleBp, @Route, @Images, @AudioMs,
          @Characters,
          @AttemptRid, @AttemptNo, @AttemptChannel, @AttemptOwner, @AttemptPrice, @AttemptStatus, @AttemptFault,
          @AttemptOutcome, @AttemptElapsedMs, @AttemptIsCounted, @AttemptInput, @AttemptCacheRead,
          @AttemptCacheWrite5m, @AttemptCacheWrite1h, @AttemptCacheWriteOther, @AttemptOutput, @AttemptReasoning,
          @AttemptToolUsePrompt, @AttemptCost, @AttemptCharge, @AttemptFirstTokenMs, @AttemptImages, @AttemptAudioMs,
          @AttemptCharacters)
        """;

    public async Task<PostingTotals> PostAsync(
        IReadOnlyList<LogEntry> entries, int? positionGateway, long positionLsn, CancellationToken ct)
    {
        var totals = new PostingTotals();
        if (!await TryPostAsync(entries, positionGateway, positionLsn, totals, ct))
        {
            await HalveAsync(entries, totals, ct);
        }

        return totals;
    }

    private async Task HalveAsync(IReadOnlyList<LogEntry> entries, PostingTotals totals, CancellationToken ct)
    {
        if (entries.Count <= 1)
        {
            return;
        }

        var middle = entries.Count / 2;
        foreach (var half in new[] { entries.Take(middle).ToList(), [.. entries.Skip(middle)] })
        {
            if (!await TryPostAsync(half, null, 0, totals, ct))
            {
                await HalveAsync(half, totals, ct);
            }
        }
    }

    // False when the content was refused; a single entry then carries the reason.
    private async Task<bool> TryPostAsync(
        IReadOnlyList<LogEntry> entries,
        int? positionGateway,
        long positionLsn,
        PostingTotals totals,
        CancellationToken ct)
    {
        var columns = new UsageColumns(entries, positionGateway, positionLsn);
        try
        {
            await using var connection = await database.OpenConnectionAsync(ct);
            await using var transaction = await connection.BeginTransactionAsync(ct);
            var rows = (await connection.QueryAsync<IngestRow>(
                new CommandDefinition(IngestSql, columns, transaction, cancellationToken: ct))).AsList();
            await transaction.CommitAsync(ct);
            totals.Add(entries, rows);
            return true;
        }
        catch (PostgresException refusal) when (IsAboutContent(refusal.SqlState))
        {
            if (entries.Count == 1)
            {
                entries[0].Fault = $"refused by the database: {refusal.SqlState} {refusal.MessageText}";
            }

            return false;
        }
    }

    // Class 22 is bad data, class 23 a broken constraint; everything else says nothing about the records.
    private static bool IsAboutContent(string sqlState) =>
        sqlState.StartsWith("22", StringComparison.Ordinal) || sqlState.StartsWith("23", StringComparison.Ordinal);
}
