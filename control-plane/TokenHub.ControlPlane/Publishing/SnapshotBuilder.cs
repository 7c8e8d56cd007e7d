using System.Data;
using System.Text.Json;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Affinity;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Settings;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>
/// Reads what gateways serve from, all at one instant: active channels, prices in force, the version of both.
/// </summary>
internal sealed class SnapshotBuilder(NpgsqlDataSource database)
{
    private const string VersionSql = "select version from snapshot_version";

    // A disabled user's channels stop with him.
    private const string ChannelsSql = """
        select c.id, c.owner_user_id, c.name, c.provider, c.base_url, c.credential_type, c.sealed_credential, c.models,
          c.model_map::text as model_map, c.groups, c.weight, c.priority, c.owner_share_bp, c.max_concurrency,
          c.rpm, c.tpm, c.windows::text as windows, c.fire_sale::text as fire_sale, c.surge::text as surge,
          c.on_client_abort, c.trusts_usage, c.apis, c.api_version, c.sealed_headers, c.affinity_generation
        from channels c
        left join users u on u.id = c.owner_user_id
        where c.status = 'active'
          and (c.owner_user_id is null or u.status = 'active')
        order by c.id
        """;

    // A channel's own prices leave with the channel.
    private const string PricesSql = """
        select p.id, p.channel_id, p.model, p.input_units as input, p.output_units as output,
          p.cache_read_units as cache_read, p.cache_write_5m_units as cache_write_5m,
          p.cache_write_1h_units as cache_write_1h, p.image_units as image, p.audio_minute_units as audio_minute,
          p.characters_units as characters, p.context_tokens, p.max_output_tokens
        from prices p
        left join channels c on c.id = p.channel_id
        where p.retired_at is null
          and (p.channel_id is null or c.status = 'active')
        order by p.id
        """;

    private const string GroupsSql = """
        select name, policy, price_factor_bp, user_ids, in_common, hedges, rpm, tpm, queue_max, queue_wait_ms
        from channel_groups
        order by name
        """;

    private const string FallbackSql = "select value::text from settings where name = 'fallback_price'";

    private const string RoutingSql = "select value::text from settings where name = 'routing'";

    public async Task<long> ReadVersionAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.ExecuteScalarAsync<long>(new CommandDefinition(VersionSql, cancellationToken: ct));
    }

    public async Task<Snapshot> BuildAsync(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var instant = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, ct);
        CommandDefinition Command(string sql) => new(sql, transaction: instant, cancellationToken: ct);

        var version = await connection.ExecuteScalarAsync<long>(Command(VersionSql));
        var channels = await connection.QueryAsync<ChannelRow>(Command(ChannelsSql));
        var prices = await connection.QueryAsync<PriceRow>(Command(PricesSql));
        var affinity = await connection.QueryAsync<AffinityRuleRow>(Command(AffinityRuleQueries.ActiveSql));
        var groups = await connection.QueryAsync<GroupRow>(Command(GroupsSql));
        var fallback = await connection.QuerySingleOrDefaultAsync<string>(Command(FallbackSql));
        var point = PointSetting.Of(await connection.QuerySingleOrDefaultAsync<string>(Command(PointSetting.FindSql)));
        var routing = await connection.QuerySingleOrDefaultAsync<string>(Command(RoutingSql));
        return new Snapshot
        {
            Version = version,
            Routing = RoutingSettingRules.Read(routing),
            Channels = [.. channels.Select(row => row.ToEntry(point))],
            Prices = [.. prices.Select(row => row.ToEntry())],
            AffinityRules = [.. affinity.Select(row => row.ToRule())],
            Groups = [.. groups.Select(row => row.ToEntry())],
            FallbackPrice = fallback is null
                ? null
                : JsonSerializer.Deserialize(fallback, SnapshotJsonContext.Default.PriceEntry),
        };
    }

    private sealed record ChannelRow
    {
        public long Id { get; init; }
        public long? OwnerUserId { get; init; }
        public string Name { get; init; } = "";
        public string Provider { get; init; } = "";
        public string BaseUrl { get; init; } = "";
        public string CredentialType { get; init; } = "";
        public string SealedCredential { get; init; } = "";
        public string[] Models { get; init; } = [];
        public string ModelMap { get; init; } = "{}";
        public string[] Groups { get; init; } = [];
        public int Weight { get; init; }
        public int Priority { get; init; }
        public int OwnerShareBp { get; init; }
        public int? MaxConcurrency { get; init; }
        public int? Rpm { get; init; }
        public int? Tpm { get; init; }
        public string Windows { get; init; } = "[]";
        public string? FireSale { get; init; }
        public string? Surge { get; init; }
        public string OnClientAbort { get; init; } = "";
        public bool TrustsUsage { get; init; }
        public string[] Apis { get; init; } = [];
        public string? ApiVersion { get; init; }
        public string? SealedHeaders { get; init; }
        public long AffinityGeneration { get; init; }

        public ChannelEntry ToEntry(Usd point) => new()
        {
            Id = Id,
            Name = Name,
            Provider = ChannelWords.ProviderOf(Provider),
            BaseUrl = BaseUrl,
            CredentialType = CredentialType,
            SealedCredential = SealedCredential,
            Models = Models,
            ModelMap = JsonSerializer.Deserialize(
                ModelMap, PublishingJsonContext.Default.DictionaryStringString) ?? [],
            Groups = Groups,
            Weight = Weight,
            Priority = Priority,
            OwnerAccount = OwnerUserId ?? 0,
            OwnerShareBp = OwnerShareBp,
            MaxConcurrency = MaxConcurrency,
            Rpm = Rpm,
            Tpm = Tpm,
            Windows = WindowEntries.Read(Windows, point),
            FireSale = WindowEntries.ReadFireSale(FireSale),
            Surge = WindowEntries.ReadSurge(Surge),
            OnClientAbort = OnClientAbort == "drain" ? AbortPolicy.Drain : AbortPolicy.Cancel,
            TrustsUsage = TrustsUsage,
            Apis = [.. Apis.Select(ChannelWords.ApiOf)],
            ApiVersion = ApiVersion,
            SealedHeaders = SealedHeaders,
            AffinityGeneration = AffinityGeneration,
        };
    }

    private sealed record GroupRow
    {
        public string Name { get; init; } = "";
        public string Policy { get; init; } = "";
        public int PriceFactorBp { get; init; }
        public long[] UserIds { get; init; } = [];
        public bool InCommon { get; init; }
        public bool Hedges { get; init; }
        public int? Rpm { get; init; }
        public int? Tpm { get; init; }
        public int? QueueMax { get; init; }
        public int? QueueWaitMs { get; init; }

        public GroupEntry ToEntry() => new()
        {
            Name = Name,
            Policy = ChannelWords.PolicyOf(Policy),
            PriceFactorBp = PriceFactorBp,
            Accounts = UserIds,
            InCommon = InCommon,
            Hedges = Hedges,
            Rpm = Rpm,
            Tpm = Tpm,
            QueueMax = QueueMax,
            QueueWaitMs = QueueWaitMs,
        };
    }

    private sealed record PriceRow
    {
        public long Id { get; init; }
        public long? ChannelId { get; init; }
        public string Model { get; init; } = "";
        public long Input { get; init; }
        public long Output { get; init; }
        public long? CacheRead { get; init; }
        public long? CacheWrite5m { get; init; }
        public long? CacheWrite1h { get; init; }
        public long? Image { get; init; }
        public long? AudioMinute { get; init; }
        public long? Characters { get; init; }
        public long? ContextTokens { get; init; }
        public long? MaxOutputTokens { get; init; }

        public PriceEntry ToEntry() => new()
        {
            Id = Id,
            ChannelId = ChannelId,
            Model = Model,
            Input = Input,
            Output = Output,
            CacheRead = CacheRead,
            CacheWrite5m = CacheWrite5m,
            CacheWrite1h = CacheWrite1h,
            Image = Image,
            AudioMinute = AudioMinute,
            Characters = Characters,
            ContextTokens = ContextTokens,
            OutputTokensMax = MaxOutputTokens,
        };
    }
}
