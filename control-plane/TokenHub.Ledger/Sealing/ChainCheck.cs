using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Sealing;

/// <summary>
/// What a walk over the chain found. <see cref="Head"/> is the last seal as <c>number:hash</c>: kept elsewhere, it
/// shows whether the whole chain was made anew.
/// </summary>
public sealed record ChainReport(long Seals, long Sealed, long Unsealed, string Head, string? Subject, string? Fault)
{
    /// <summary>Heads kept elsewhere that were looked for.</summary>
    public int HeadsKept { get; init; }

    public bool Ok => Fault is null;
}

/// <summary>Walks the chain of seals from its beginning and stops at the first row that does not fit.</summary>
internal static class ChainCheck
{
    private const string SealsSql = "select * from transfer_seals where no > @after order by no limit @limit";

    private const string TransfersSql = $"""
        select {TransferRow.Columns} from transfers where id > @after and id <= @upTo order by id
        """;

    private const string UnsealedSql = "select count(*) from transfers where id > @after";

    private const int SealsAtOnce = 50;

    /// <summary>
    /// In the caller's transaction, so that it sees one instant. <paramref name="heads"/> are those of earlier reports
    /// and those kept beside the database: each has to stand in the chain as it was.
    /// </summary>
    public static async Task<ChainReport> WalkAsync(
        NpgsqlConnection connection, IEnumerable<string> heads, CancellationToken ct)
    {
        CommandDefinition Command(string sql, object parameters) =>
            new(sql, parameters, commandTimeout: 0, cancellationToken: ct);

        var before = Seal.Genesis;
        var count = 0L;
        var unseen = heads.ToHashSet(StringComparer.Ordinal);
        var kept = unseen.Count;
        unseen.Remove(HeadOf(before));
        while (true)
        {
            var seals = (await connection.QueryAsync<Seal>(
                Command(SealsSql, new { after = before.No, limit = SealsAtOnce }))).AsList();
            foreach (var seal in seals)
            {
                var rows = (await connection.QueryAsync<TransferRow>(
                    Command(TransfersSql, new { after = before.LastId, upTo = seal.LastId }))).AsList();
                if (FindFault(before, seal, rows) is var (subject, fault))
                {
                    return new ChainReport(before.No, count, 0, HeadOf(before), subject, fault) { HeadsKept = kept };
                }

                count += rows.Count;
                before = seal;
                unseen.Remove(HeadOf(seal));
            }

            if (seals.Count == 0)
            {
                var unsealed = await connection.ExecuteScalarAsync<long>(
                    Command(UnsealedSql, new { after = before.LastId }));
                var missing = unseen.Select(head => head.Split(':')[0]).MinBy(number => (number.Length, number));
                return new ChainReport(
                    before.No,
                    count,
                    unsealed,
                    HeadOf(before),
                    missing is null ? null : $"seal {missing}",
                    missing is null ? null : "is not the one of the head that was kept")
                {
                    HeadsKept = kept,
                };
            }
        }
    }

    public static string HeadOf(long no, byte[] hash) => $"{no}:{Convert.ToHexStringLower(hash)}";

    private static string HeadOf(Seal seal) => HeadOf(seal.No, seal.Hash);

    private static (string Subject, string Fault)? FindFault(Seal before, Seal seal, List<TransferRow> rows)
    {
        var subject = $"seal {seal.No}";
        if (seal.No != before.No + 1)
        {
            return ($"seal {before.No + 1}", "is missing");
        }

        if (!seal.Previous.AsSpan().SequenceEqual(before.Hash))
        {
            return (subject, $"does not follow the seal {before.No} that is there");
        }

        byte[][] digests = [.. rows.Select(row => row.Digest())];
        if (seal.Transfers == rows.Count && seal.HashOver(digests).AsSpan().SequenceEqual(seal.Hash)
            && seal.LastId >= rows[^1].Id && !Misfits(seal, digests).Any())
        {
            return null;
        }

        // Whichever transfer does not fit its mark; when all do, or it is the marks that do not fit the rest, it is the
        // seal itself.
        foreach (var place in seal.HashOver(digests).AsSpan().SequenceEqual(seal.Hash) ? [] : Misfits(seal, digests))
        {
            var isRemoved = place + 1 < seal.Transfers
                && (place == rows.Count || seal.HasMark(place + 1, digests[place]));
            return place < rows.Count && !isRemoved
                ? ($"transfer {rows[place].Id}", $"is not the one that seal {seal.No} covers at place {place + 1}")
                : (subject, $"a transfer after {(place == 0 ? before.LastId : rows[place - 1].Id)} is missing");
        }

        return (subject, "was changed");
    }

    private static IEnumerable<int> Misfits(Seal seal, byte[][] digests) =>
        Enumerable.Range(0, Math.Max(seal.Transfers, digests.Length))
            .Where(place => place >= digests.Length || !seal.HasMark(place, digests[place]));
}
