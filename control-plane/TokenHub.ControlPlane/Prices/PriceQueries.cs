using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Prices;

namespace TokenHub.ControlPlane.Prices;

internal sealed record PriceRow
{
    public long Id { get; init; }
    public long? ChannelId { get; init; }
    public string Model { get; init; } = "";
    public long InputUnits { get; init; }
    public long OutputUnits { get; init; }
    public long? CacheReadUnits { get; init; }
    public long? CacheWrite5mUnits { get; init; }
    public long? CacheWrite1hUnits { get; init; }
    public long? ImageUnits { get; init; }
    public long? AudioMinuteUnits { get; init; }
    public long? CharactersUnits { get; init; }
    public long? UpstreamInputUnits { get; init; }
    public long? UpstreamOutputUnits { get; init; }
    public long? UpstreamCacheReadUnits { get; init; }
    public long? UpstreamCacheWrite5mUnits { get; init; }
    public long? UpstreamCacheWrite1hUnits { get; init; }
    public long? UpstreamImageUnits { get; init; }
    public long? UpstreamAudioMinuteUnits { get; init; }
    public long? UpstreamCharactersUnits { get; init; }
    public long[]? ListUnits { get; init; }
    public long? ContextTokens { get; init; }
    public long? MaxOutputTokens { get; init; }
    public DateTime CreatedAt { get; init; }
    public DateTime? RetiredAt { get; init; }

    public string WireName => WireId.Format(WireId.Price, Id);

    /// <param name="showsUpstream">False for those who may not know what the platform itself pays.</param>
    public PriceView ToView(bool showsUpstream) => new()
    {
        Id = WireName,
        Model = Model,
        ChannelId = ChannelId is { } channel ? WireId.Format(WireId.Channel, channel) : null,
        Input = PricePerMillion.Of(InputUnits),
        Output = PricePerMillion.Of(OutputUnits),
        CacheRead = PricePerMillion.Of(CacheReadUnits),
        CacheWrite5m = PricePerMillion.Of(CacheWrite5mUnits),
        CacheWrite1h = PricePerMillion.Of(CacheWrite1hUnits),
        Image = PricePerMillion.Of(ImageUnits),
        AudioMinute = PricePerMillion.Of(AudioMinuteUnits),
        Characters = PricePerMillion.Of(CharactersUnits),
        UpstreamInput = showsUpstream ? PricePerMillion.Of(UpstreamInputUnits) : null,
        UpstreamOutput = showsUpstream ? PricePerMillion.Of(UpstreamOutputUnits) : null,
        UpstreamCacheRead = showsUpstream ? PricePerMillion.Of(UpstreamCacheReadUnits) : null,
        UpstreamCacheWrite5m = showsUpstream ? PricePerMillion.Of(UpstreamCacheWrite5mUnits) : null,
        UpstreamCacheWrite1h = showsUpstream ? PricePerMillion.Of(UpstreamCacheWrite1hUnits) : null,
        UpstreamImage = showsUpstream ? PricePerMillion.Of(UpstreamImageUnits) : null,
        UpstreamAudioMinute = showsUpstream ? PricePerMillion.Of(UpstreamAudioMinuteUnits) : null,
        UpstreamCharacters = showsUpstream ? PricePerMillion.Of(UpstreamCharactersUnits) : null,
        List = Rates.Of(ListPriceColumn.Read(ListUnits)),
        ContextTokens = ContextTokens,
        MaxOutputTokens = MaxOutputTokens,
        CreatedAt = CreatedAt,
        RetiredAt = RetiredAt,
    };

    public PriceEntry ToEntry() => new()
    {
        Id = Id,
        ChannelId = ChannelId,
        Model = Model,
        Input = InputUnits,
        Output = OutputUnits,
        CacheRead = CacheReadUnits,
        CacheWrite5m = CacheWrite5mUnits,
        CacheWrite1h = CacheWrite1hUnits,
        Image = ImageUnits,
        AudioMinute = AudioMinuteUnits,
        Characters = CharactersUnits,
        ContextTokens = ContextTokens,
        OutputTokensMax = MaxOutputTokens,
    };

    public bool HasRates(PriceRates rates) =>
        InputUnits == rates.Input.Amount.Units
        && OutputUnits == rates.Output.Amount.Units
        && CacheReadUnits == rates.CacheRead?.Amount.Units
        && CacheWrite5mUnits == rates.CacheWrite5m?.Amount.Units
        && CacheWrite1hUnits == rates.CacheWrite1h?.Amount.Units
        && ImageUnits == rates.Image?.Amount.Units
        && AudioMinuteUnits == rates.AudioMinute?.Amount.Units
        && CharactersUnits == rates.Characters?.Amount.Units
        && UpstreamInputUnits == rates.UpstreamInput?.Amount.Units
        && UpstreamOutputUnits == rates.UpstreamOutput?.Amount.Units
        && UpstreamCacheReadUnits == rates.UpstreamCacheRead?.Amount.Units
        && UpstreamCacheWrite5mUnits == rates.UpstreamCacheWrite5m?.Amount.Units
        && UpstreamCacheWrite1hUnits == rates.UpstreamCacheWrite1h?.Amount.Units
        && UpstreamImageUnits == rates.UpstreamImage?.Amount.Units
        && UpstreamAudioMinuteUnits == rates.UpstreamAudioMinute?.Amount.Units
        && UpstreamCharactersUnits == rates.UpstreamCharacters?.Amount.Units
        && (ListUnits ?? []).SequenceEqual(UnitsOf(rates.List) ?? [])
        && ContextTokens == rates.ContextTokens
        && MaxOutputTokens == rates.MaxOutputTokens;

    public static long[]? UnitsOf(Rates? list) => list is null ? null : ListPriceColumn.Write(list.ToEntry());
}

/// <summary>Prices in PostgreSQL. Rows are retired and added, never edited.</summary>
internal sealed class PriceQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        id, channel_id, model, input_units, output_units, cache_read_units,
        cache_write_5m_units as "CacheWrite5mUnits", cache_write_1h_units as "CacheWrite1hUnits",
        image_units, audio_minute_units, characters_units,
        upstream_input_units, upstream_output_units, upstream_cache_read_units, upstream_image_units,
        upstream_audio_minute_units, upstream_characters_units,
        upstream_cache_write_5m_units as "UpstreamCacheWrite5mUnits",
        upstream_cache_write_1h_units as "UpstreamCacheWrite1hUnits", context_tokens, max_output_tokens, created_at,
        retired_at, list_units
        """;

    // One writer for one model at a time, or two would both retire nothing and collide in the index.
    private const string LockSql = """
        select pg_advisory_xact_lock(730658364, hashtext(coalesce(@ChannelId::bigint, 0) || '/' || @Model))
        """;

    private const string CurrentSql = $"""
        select {Columns}
        from prices
        where retired_at is null and channel_id is not distinct from @ChannelId and model = @Model
        """;

    private const string ChannelSql = """
        select exists (select from channels where id = @ChannelId and status <> 'deleted')
        """;

    private const string RetireSql = $"""
        update prices
        set retired_at = now()
        where id = @Id and retired_at is null
        returning {Columns}
        """;

    private const string AddSql = $"""
        insert into prices (
          channel_id, model, input_units, output_units, cache_read_units, cache_write_5m_units, cache_write_1h_units,
          upstream_input_units, upstream_output_units, upstream_cache_read_units, upstream_cache_write_5m_units,
          upstream_cache_write_1h_units, context_tokens, max_output_tokens, image_units, audio_minute_units,
          characters_units, upstream_image_units, upstream_audio_minute_units, upstream_characters_units, list_units,
          retired_at)
        values (
          @ChannelId, @Model, @Input, @Output, @CacheRead, @CacheWrite5m, @CacheWrite1h,
          @UpstreamInput, @UpstreamOutput, @UpstreamCacheRead, @UpstreamCacheWrite5m, @UpstreamCacheWrite1h,
          @ContextTokens, @MaxOutputTokens, @Image, @AudioMinute, @Characters, @UpstreamImage, @UpstreamAudioMinute,
          @UpstreamCharacters, @ListUnits, case when @IsCurrent then null else now() end)
        returning {Columns}
        """;

    private const string ListSql = $"""
        select {Columns}
        from prices
        where (retired_at is null or @WithRetired)
          and (@After::bigint is null or id < @After)
          and (@OnlyUser::bigint is null or channel_id is null
            or channel_id in (select c.id from channels c where c.owner_user_id = @OnlyUser))
        order by id desc
        limit @Count
        """;

    private const string RelevantSql = $"""
        select {Columns}
        from prices
        where retired_at is null and (channel_id is null or channel_id = @ChannelId)
        """;

    private const string FindSql = $"select {Columns} from prices where id = @Id";

    public async Task<IReadOnlyList<PriceRow>> ListAsync(
        PageRequest page, long? onlyUser, bool withRetired, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<PriceRow>(new CommandDefinition(
            ListSql,
            new { WithRetired = withRetired, After = page.AfterNumber, OnlyUser = onlyUser, Count = page.Limit + 1 },
            cancellationToken: cancellation));
        return rows.AsList();
    }

    /// <summary>The prices that a channel's requests are looked up in.</summary>
    public async Task<IReadOnlyList<PriceRow>> ListRelevantAsync(long? channelId, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<PriceRow>(new CommandDefinition(
            RelevantSql, new { ChannelId = channelId }, cancellationToken: cancellation));
        return rows.AsList();
    }

    public async Task<PriceRow?> FindAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<PriceRow>(
            new CommandDefinition(FindSql, new { Id = id }, cancellationToken: cancellation));
    }

    public static Task LockAsync(
        NpgsqlTransaction transaction, long? channelId, string model, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteAsync(new CommandDefinition(
            LockSql, new { ChannelId = channelId, Model = model }, transaction, cancellationToken: cancellation));

    public static Task<PriceRow?> CurrentAsync(
        NpgsqlTransaction transaction, long? channelId, string model, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<PriceRow>(new CommandDefinition(
            CurrentSql, new { ChannelId = channelId, Model = model }, transaction, cancellationToken: cancellation));

    public static Task<bool> ChannelExistsAsync(
        NpgsqlTransaction transaction, long channelId, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
            ChannelSql, new { ChannelId = channelId }, transaction, cancellationToken: cancellation));

    /// <summary>Null when there is no such price, or it is retired already.</summary>
    public static Task<PriceRow?> RetireAsync(
        NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<PriceRow>(
            new CommandDefinition(RetireSql, new { Id = id }, transaction, cancellationToken: cancellation));

    /// <param name="isCurrent">False for a version that is referred to from elsewhere and never looked up here.</param>
    public static Task<PriceRow> AddAsync(
        NpgsqlTransaction transaction,
        long? channelId,
        string model,
        PriceRates rates,
        bool isCurrent,
        CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<PriceRow>(new CommandDefinition(
            AddSql,
            new
            {
                ChannelId = channelId,
                Model = model,
                Input = rates.Input.Amount.Units,
                Output = rates.Output.Amount.Units,
                CacheRead = rates.CacheRead?.Amount.Units,
                CacheWrite5m = rates.CacheWrite5m?.Amount.Units,
                CacheWrite1h = rates.CacheWrite1h?.Amount.Units,
                UpstreamInput = rates.UpstreamInput?.Amount.Units,
                UpstreamOutput = rates.UpstreamOutput?.Amount.Units,
                UpstreamCacheRead = rates.UpstreamCacheRead?.Amount.Units,
                UpstreamCacheWrite5m = rates.UpstreamCacheWrite5m?.Amount.Units,
                UpstreamCacheWrite1h = rates.UpstreamCacheWrite1h?.Amount.Units,
                Image = rates.Image?.Amount.Units,
                AudioMinute = rates.AudioMinute?.Amount.Units,
                Characters = rates.Characters?.Amount.Units,
                UpstreamImage = rates.UpstreamImage?.Amount.Units,
                UpstreamAudioMinute = rates.UpstreamAudioMinute?.Amount.Units,
                UpstreamCharacters = rates.UpstreamCharacters?.Amount.Units,
                ListUnits = PriceRow.UnitsOf(rates.List),
                rates.ContextTokens,
                rates.MaxOutputTokens,
                IsCurrent = isCurrent,
            },
            transaction,
            cancellationToken: cancellation));
}
