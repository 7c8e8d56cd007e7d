using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Sealing;

/// <summary>
/// Writes the chain's newest head beside the database from time to time, and looks before whether the one written last
/// still stands in the chain. A chain that was made anew is so noticed while the control plane runs.
/// </summary>
public sealed class HeadKeeper(NpgsqlDataSource database, HeadBook? book, TimeProvider? time = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const string StandsSql = "select hash from transfer_seals where no = @no";
    private const string NewestSql = "select no, hash from transfer_seals order by no desc limit 1";

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private int _isBusy;

    /// <summary>What does not fit, as last seen; null while all is well.</summary>
    public string? Fault { get; private set; }

    /// <summary>
    /// Looks and writes; does nothing while another call is at it. What does not fit is never covered by a newer head.
    /// </summary>
    public async Task KeepAsync(CancellationToken ct = default)
    {
        if (book is null || Interlocked.Exchange(ref _isBusy, 1) == 1)
        {
            return;
        }

        try
        {
            await KeepAsync(book, ct);
        }
        finally
        {
            Volatile.Write(ref _isBusy, 0);
        }
    }

    private async Task KeepAsync(HeadBook book, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        CommandDefinition Command(string sql, object? parameters = null) =>
            new(sql, parameters, cancellationToken: ct);

        if (book.Last is { } last)
        {
            var no = long.TryParse(last.Split(':')[0], out var number) ? number : 0;
            var hash = await connection.ExecuteScalarAsync<byte[]>(Command(StandsSql, new { no }));
            Fault = hash is not null && ChainCheck.HeadOf(no, hash) == last ? null
                : $"seal {no} is not the one whose head was kept";
            if (Fault is not null)
            {
                return;
            }
        }

        if (await connection.QuerySingleOrDefaultAsync<Seal>(Command(NewestSql)) is { } newest
            && ChainCheck.HeadOf(newest.No, newest.Hash) is var head && head != book.Last)
        {
            book.Add(head, _time.GetUtcNow());
        }
    }
}
