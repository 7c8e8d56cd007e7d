using Dapper;
using Npgsql;
using TokenHub.Ledger.Gateways;
using TokenHub.Ledger.Sealing;

namespace TokenHub.ControlPlane.Metrics;

/// <summary>How the money stands at this moment, as the database says.</summary>
internal sealed record LedgerStand(
    IReadOnlyList<GatewayStatus> Gateways, long DeadLetters, long ShardsClosed, long Unsealed, bool IsChainSound);

/// <summary>Reads what is kept elsewhere at the moment somebody asks for it; never a whole table.</summary>
internal sealed class LedgerGauges(NpgsqlDataSource database, GatewayRegistry gateways, HeadKeeper heads)
{
    private const string Sql = """
        select
          (select count(*) from settle_dead) as dead_letters,
          (select count(*) from shards where rebuilding is not null) as shards_closed,
          greatest(0,
            coalesce(pg_sequence_last_value(pg_get_serial_sequence('transfers', 'id')::regclass), 0)
            - coalesce((select max(last_id) from transfer_seals), 0)) as unsealed
        """;

    public async Task<LedgerStand> ReadAsync(CancellationToken cancellation)
    {
        var all = await gateways.ListAsync(cancellation);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var counts = await connection.QuerySingleAsync<CountsRow>(
            new CommandDefinition(Sql, cancellationToken: cancellation));
        return new LedgerStand(all, counts.DeadLetters, counts.ShardsClosed, counts.Unsealed, heads.Fault is null);
    }

    private sealed record CountsRow(long DeadLetters, long ShardsClosed, long Unsealed);
}
