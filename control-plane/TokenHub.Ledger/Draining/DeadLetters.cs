using Dapper;
using Npgsql;

namespace TokenHub.Ledger.Draining;

/// <summary>Parks records that cannot be posted. Parking the same record again changes nothing.</summary>
internal sealed class DeadLetters(NpgsqlDataSource database)
{
    private const string ParkSql = """
        insert into settle_dead (gateway_no, boot_no, lsn, rid, record, reason)
        select @gatewayNo, @bootNo, d.lsn, d.rid, d.record, d.reason
        from unnest(@lsns::bigint[], @rids::uuid[], @records::bytea[], @reasons::text[]) d (lsn, rid, record, reason)
        order by d.lsn
        on conflict (digest) do nothing
        """;

    public async Task ParkAsync(int gatewayNo, int bootNo, IReadOnlyList<LogEntry> entries, CancellationToken ct)
    {
        var parameters = new
        {
            gatewayNo,
            bootNo,
            lsns = entries.Select(e => e.Lsn).ToArray(),
            rids = entries.Select(e => e.Record?.RequestId.ToGuid()).ToArray(),
            records = entries.Select(e => e.Bytes).ToArray(),
            reasons = entries.Select(e => e.Fault ?? "").ToArray(),
        };
        await using var connection = await database.OpenConnectionAsync(ct);
        await connection.ExecuteAsync(new CommandDefinition(ParkSql, parameters, cancellationToken: ct));
    }
}
