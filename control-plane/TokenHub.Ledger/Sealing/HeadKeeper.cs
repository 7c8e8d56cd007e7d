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

    // Both at one instant: what is rewritten between two looks would be covered by the second.
    private const string SealsSql = """
        select no, hash
        from transfer_seals
        where no = @no::bigint or no = (select max(no) from transfer_seals)
        order by no
        """;

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
        var no = book.Last is { } last && long.TryParse(last.Split(':')[0], out var number) ? number : 0;
        var seals = (await connection.QueryAsync<Seal>(new CommandDefinition(
            SealsSql, new { no }, cancellationToken: ct))).AsList();
        string[] heads = [.. seals.Select(seal => ChainCheck.HeadOf(seal.No, seal.Hash))];
        Fault = book.Last is null || heads.Contains(book.Last) ? null : $"seal {no} is not the one whose head was kept";
        if (Fault is null && heads.Length > 0 && heads[^1] != book.Last)
        {
            book.Add(heads[^1], _time.GetUtcNow());
        }
    }
}
