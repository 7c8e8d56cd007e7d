using System.Text.Json;
using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Settings;

/// <summary>Settings in PostgreSQL: one row each, JSON values.</summary>
internal sealed class SettingQueries(NpgsqlDataSource database)
{
    /// <summary>
    /// The setting of the price of last resort: a <see cref="PriceEntry"/> whose id is a row of <c>prices</c>, so
    /// that a charge made at it can be computed again for ever.
    /// </summary>
    public const string FallbackPriceName = "fallback_price";

    /// <summary>The setting of how channels are chosen: members of <see cref="RoutingRules"/>.</summary>
    public const string RoutingName = "routing";

    private const string FindSql = "select value::text from settings where name = @Name";

    private const string PutSql = """
        insert into settings (name, value, updated_at) values (@Name, cast(@Value as jsonb), now())
        on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at
        """;

    private const string FindVersionedSql = "select value::text, version from settings where name = @Name";

    // Nothing is written, and no row comes back, when the version is not the expected one.
    private const string PutVersionedSql = """
        insert into settings (name, value, updated_at)
        select @Name, cast(@Value as jsonb), now()
        where coalesce(cast(@Expected as bigint), 0) = 0 or exists (select from settings where name = @Name)
        on conflict (name) do update
            set value = excluded.value, updated_at = excluded.updated_at, version = settings.version + 1
            where settings.version = coalesce(cast(@Expected as bigint), settings.version)
        returning version
        """;

    private const string RemoveSql = "delete from settings where name = @Name";

    public async Task<PriceEntry?> FallbackPriceAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var value = await connection.QuerySingleOrDefaultAsync<string>(
            new CommandDefinition(FindSql, new { Name = FallbackPriceName }, cancellationToken: cancellation));
        return value is null ? null : JsonSerializer.Deserialize(value, SnapshotJsonContext.Default.PriceEntry);
    }

    public async Task<Usd> PointUsdAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return PointSetting.Of(await connection.QuerySingleOrDefaultAsync<string>(
            new CommandDefinition(PointSetting.FindSql, cancellationToken: cancellation)));
    }

    public async Task<RoutingRules> RoutingAsync(CancellationToken cancellation) =>
        (await VersionedRoutingAsync(cancellation)).Rules;

    /// <summary>With version 0 as long as nothing was ever set.</summary>
    public async Task<(RoutingRules Rules, long Version)> VersionedRoutingAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var (value, version) = await connection.QuerySingleOrDefaultAsync<(string?, long)>(
            new CommandDefinition(FindVersionedSql, new { Name = RoutingName }, cancellationToken: cancellation));
        return (RoutingSettingRules.Read(value), version);
    }

    /// <summary>The new version; null when <paramref name="expected"/> is another than the one in force.</summary>
    public static Task<long?> SetRoutingAsync(
        NpgsqlTransaction transaction, RoutingSettings settings, long? expected, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<long?>(new CommandDefinition(
            PutVersionedSql,
            new
            {
                Name = RoutingName,
                Value = JsonSerializer.Serialize(settings, ApiJsonContext.Default.RoutingSettings),
                Expected = expected,
            },
            transaction,
            cancellationToken: cancellation));

    public static Task SetFallbackPriceAsync(
        NpgsqlTransaction transaction, PriceEntry? price, CancellationToken cancellation) =>
        price is null
            ? transaction.Connection!.ExecuteAsync(new CommandDefinition(
                RemoveSql, new { Name = FallbackPriceName }, transaction, cancellationToken: cancellation))
            : transaction.Connection!.ExecuteAsync(new CommandDefinition(
                PutSql,
                new
                {
                    Name = FallbackPriceName,
                    Value = JsonSerializer.Serialize(price, SnapshotJsonContext.Default.PriceEntry),
                },
                transaction,
                cancellationToken: cancellation));
}
