using Dapper;
using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.Ledger.Prices;

/// <summary>
/// One price version, from both sides: what a user is charged, and what the upstream bills for the same tokens.
/// </summary>
public readonly record struct PriceSides(Tariff Charged, Tariff Billed);

/// <summary>
/// A row of <c>prices</c>. What the upstream asks is what our price says, where nothing else is known.
/// </summary>
internal sealed record PriceRow
{
    public long Id { get; init; }
    public long Input { get; init; }
    public long Output { get; init; }
    public long? CacheRead { get; init; }
    public long? CacheWrite5m { get; init; }
    public long? CacheWrite1h { get; init; }
    public long? Image { get; init; }
    public long? AudioMinute { get; init; }
    public long? Characters { get; init; }
    public long? UpstreamInput { get; init; }
    public long? UpstreamOutput { get; init; }
    public long? UpstreamCacheRead { get; init; }
    public long? UpstreamCacheWrite5m { get; init; }
    public long? UpstreamCacheWrite1h { get; init; }

    public long? UpstreamImage { get; init; }
    public long? UpstreamAudioMinute { get; init; }
    public long? UpstreamCharacters { get; init; }

    public PriceSides ToSides()
    {
        var charged = new PriceEntry
        {
            Id = Id,
            Model = "",
            Input = Input,
            Output = Output,
            CacheRead = CacheRead,
            CacheWrite5m = CacheWrite5m,
            CacheWrite1h = CacheWrite1h,
            Image = Image,
            AudioMinute = AudioMinute,
            Characters = Characters,
        };
        var billed = charged with
        {
            Input = UpstreamInput ?? Input,
            Output = UpstreamOutput ?? Output,
            CacheRead = UpstreamCacheRead ?? CacheRead,
            CacheWrite5m = UpstreamCacheWrite5m ?? CacheWrite5m,
            CacheWrite1h = UpstreamCacheWrite1h ?? CacheWrite1h,
            Image = UpstreamImage ?? Image,
            AudioMinute = UpstreamAudioMinute ?? AudioMinute,
            Characters = UpstreamCharacters ?? Characters,
        };
        return new PriceSides(charged.ToTariff(), billed.ToTariff());
    }
}

/// <summary>Reads price versions; retired ones too.</summary>
internal static class PriceReads
{
    private const string ByIdSql = """
        select id, input_units as input, output_units as output, cache_read_units as cache_read,
          cache_write_5m_units as cache_write5m, cache_write_1h_units as cache_write1h, image_units as image,
          audio_minute_units as audio_minute, characters_units as characters,
          upstream_input_units as upstream_input, upstream_output_units as upstream_output,
          upstream_cache_read_units as upstream_cache_read, upstream_cache_write_5m_units as upstream_cache_write5m,
          upstream_cache_write_1h_units as upstream_cache_write1h, upstream_image_units as upstream_image,
          upstream_audio_minute_units as upstream_audio_minute, upstream_characters_units as upstream_characters
        from prices
        where @ids::bigint[] is null or id = any(@ids)
        """;

    /// <summary>Those of the ids that exist; all there are with null.</summary>
    public static async Task<Dictionary<long, PriceSides>> ReadAsync(
        NpgsqlConnection connection, long[]? ids, CancellationToken ct)
    {
        var rows = await connection.QueryAsync<PriceRow>(
            new CommandDefinition(ByIdSql, new { ids }, commandTimeout: ids is null ? 0 : null, cancellationToken: ct));
        return rows.ToDictionary(row => row.Id, row => row.ToSides());
    }
}
