using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Sealing;

/// <summary>
/// Adds seals over transfers that are final, behind the backs of those who post: it takes no lock that they need. Ids
/// are given out before their transactions end, so an id may still appear below others; a range is sealed when all
/// transactions that could have taken an id of it have ended. Of several control planes one seals at a time.
/// </summary>
public sealed class Sealer(NpgsqlDataSource database, TimeProvider? time = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Transfers under one seal, at most.</summary>
    public const int TransfersMax = 2_000;

    private const string LockSql = $"select pg_try_advisory_xact_lock({AdvisoryLocks.Sealer})";

    // The order matters: who took an id up to the last one had the lock on the table then, and either shows in the list
    // or has ended.
    private const string LastIdSql =
        "select coalesce(pg_sequence_last_value(pg_get_serial_sequence('transfers', 'id')::regclass), 0)";

    private const string WritersSql = """
        select distinct virtualtransaction || '/' || coalesce(pid, 0)
        from pg_locks
        where relation = 'transfers'::regclass
          and database = (select oid from pg_database where datname = current_database())
          and mode = 'RowExclusiveLock'
        """;

    private const string LastSealSql = "select * from transfer_seals order by no desc limit 1";

    private const string TransfersSql = $"""
        select {TransferRow.Columns}
        from transfers
        where id > @after and id <= @upTo
        order by id
        limit @limit
        """;

    private const string AddSql = """
        insert into transfer_seals (no, last_id, transfers, marks, previous, hash, sealed_at)
        values (@No, @LastId, @Transfers, @Marks, @Previous, @Hash, @SealedAt)
        """;

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private int _isBusy;
    private HashSet<string> _writers = [];
    private long _candidate;
    private long _final;

    /// <summary>
    /// Seals what has become final, and looks how far that may go next time. Returns the number of transfers sealed; 0
    /// while another call is at it.
    /// </summary>
    public async Task<int> SealAsync(CancellationToken ct = default)
    {
        if (Interlocked.Exchange(ref _isBusy, 1) == 1)
        {
            return 0;
        }

        try
        {
            await LookAsync(ct);
            var count = 0;
            int sealedNow;
            while ((sealedNow = await SealOnceAsync(ct)) > 0)
            {
                count += sealedNow;
            }

            return count;
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    /// <summary>Moves the limit up to which nobody can still add a transfer.</summary>
    private async Task LookAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var last = await connection.ExecuteScalarAsync<long>(new CommandDefinition(LastIdSql, cancellationToken: ct));
        var writers = (await connection.QueryAsync<string>(
            new CommandDefinition(WritersSql, cancellationToken: ct))).ToHashSet();
        if (!_writers.Overlaps(writers))
        {
            _final = _candidate;
            (_candidate, _writers) = (last, writers);
        }

        if (writers.Count == 0)
        {
            _final = _candidate = last;
        }
    }

    private async Task<int> SealOnceAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        CommandDefinition Command(string sql, object? parameters = null) =>
            new(sql, parameters, transaction, cancellationToken: ct);

        if (!await connection.ExecuteScalarAsync<bool>(Command(LockSql)))
        {
            return 0;
        }

        var before = await connection.QuerySingleOrDefaultAsync<Seal>(Command(LastSealSql)) ?? Seal.Genesis;
        var rows = (await connection.QueryAsync<TransferRow>(Command(
            TransfersSql, new { after = before.LastId, upTo = _final, limit = TransfersMax }))).AsList();
        if (rows.Count == 0)
        {
            return 0;
        }

        // Whole microseconds, as PostgreSQL keeps them.
        var now = _time.GetUtcNow().UtcDateTime;
        var at = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        var seal = before.Next(
            rows.Count == TransfersMax ? rows[^1].Id : _final, [.. rows.Select(row => row.Digest())], at);
        await connection.ExecuteAsync(Command(AddSql, seal));
        await transaction.CommitAsync(ct);
        return rows.Count;
    }
}
