using System.Text.Json;
using Dapper;
using Npgsql;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Quota;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

internal sealed record ChannelRow
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
    public string[] HeaderNames { get; init; } = [];
    public string Status { get; init; } = "";
    public long Version { get; init; }
    public DateTime CreatedAt { get; init; }

    public bool IsDeleted => Status == "deleted";

    public string WireName => WireId.Format(WireId.Channel, Id);

    public ChannelShape ToShape() => new()
    {
        Name = Name,
        Provider = Provider,
        BaseUrl = BaseUrl,
        Models = Models,
        ModelMap = JsonSerializer.Deserialize(ModelMap, ApiJsonContext.Default.IReadOnlyDictionaryStringString)!,
        Groups = Groups,
        Weight = Weight,
        Priority = Priority,
        OwnerShareBp = OwnerShareBp,
        MaxConcurrency = MaxConcurrency,
        Rpm = Rpm,
        Tpm = Tpm,
        Windows = JsonSerializer.Deserialize(Windows, ApiJsonContext.Default.IReadOnlyListQuotaWindow)!,
        FireSale = WindowEntries.ReadSale(FireSale),
        Surge = WindowEntries.ReadSurgeView(Surge),
        OnClientAbort = OnClientAbort,
        TrustsUsage = TrustsUsage,
        Apis = Apis,
        ApiVersion = ApiVersion,
        Status = Status,
    };

    /// <summary>The channel as gateways are told of it, as far as its upstream goes.</summary>
    public ChannelEntry ToEntry() => new()
    {
        Id = Id,
        Name = Name,
        Provider = ChannelWords.ProviderOf(Provider),
        BaseUrl = BaseUrl,
        CredentialType = CredentialType,
        SealedCredential = SealedCredential,
        Models = Models,
        Apis = [.. Apis.Select(ChannelWords.ApiOf)],
        ApiVersion = ApiVersion,
        OwnerAccount = OwnerUserId ?? 0,
        SealedHeaders = SealedHeaders,
    };

    public ChannelView ToView()
    {
        var shape = ToShape();
        return new ChannelView
        {
            Id = WireName,
            OwnerUserId = OwnerUserId is { } owner ? WireId.Format(WireId.User, owner) : null,
            Name = Name,
            Provider = Provider,
            BaseUrl = BaseUrl,
            CredentialType = CredentialType,
            Models = Models,
            ModelMap = shape.ModelMap,
            Groups = Groups,
            Weight = Weight,
            Priority = Priority,
            OwnerShareBp = OwnerShareBp,
            MaxConcurrency = MaxConcurrency,
            Rpm = Rpm,
            Tpm = Tpm,
            Windows = shape.Windows,
            FireSale = shape.FireSale,
            Surge = shape.Surge,
            OnClientAbort = OnClientAbort,
            TrustsUsage = TrustsUsage,
            Apis = Apis,
            ApiVersion = ApiVersion,
            HeaderNames = HeaderNames,
            Status = Status,
            Enabled = Status == "active",
            Version = Version,
            CreatedAt = CreatedAt,
        };
    }
}

/// <summary>A credential as it is stored.</summary>
internal sealed record SealedCredential(string Type, string Sealed);

/// <summary>Headers as they are stored: their names, and both together sealed; null when there are none.</summary>
internal sealed record SealedHeaders(string[] Names, string? Sealed);

/// <summary>Channels in PostgreSQL. <c>@OnlyUser</c> limits every statement to what the caller may see.</summary>
internal sealed class ChannelQueries(NpgsqlDataSource database)
{
    private const string Columns = """
        id, owner_user_id, name, provider, base_url, credential_type, sealed_credential, models,
        model_map::text as model_map, groups, weight, priority, owner_share_bp, max_concurrency,
        rpm, tpm, windows::text as windows, fire_sale::text as fire_sale, surge::text as surge, on_client_abort,
        trusts_usage, apis, api_version, sealed_headers, header_names, status, version, created_at
        """;

    private const string FindSql = $"""
        select {Columns}
        from channels
        where id = @Id and (@OnlyUser::bigint is null or owner_user_id = @OnlyUser)
        """;

    private const string LockSql = FindSql + "\nfor update";

    private const string ListSql = $"""
        select {Columns}
        from channels
        where (@OnlyUser::bigint is null or owner_user_id = @OnlyUser)
          and case when @Status::text is null then status <> 'deleted' else status = @Status end
          and (@After::bigint is null or id < @After)
        order by id desc
        limit @Count
        """;

    private const string NextIdSql = "select nextval(pg_get_serial_sequence('channels', 'id'))";

    private const string CountSql = """
        select count(*) from channels where owner_user_id is not distinct from @OwnerUserId and status <> 'deleted'
        """;

    private const string UserExistsSql = "select exists (select from users where id = @OwnerUserId)";

    private const string AddSql = $"""
        insert into channels (
          id, owner_user_id, name, provider, base_url, credential_type, sealed_credential, models, model_map, groups,
          weight, priority, owner_share_bp, max_concurrency, windows, on_client_abort, trusts_usage, apis, api_version,
          sealed_headers, header_names, rpm, tpm, fire_sale, surge)
        overriding system value
        values (
          @Id, @OwnerUserId, @Name, @Provider, @BaseUrl, @CredentialType, @SealedCredential, @Models,
          cast(@ModelMap as jsonb), @Groups, @Weight, @Priority, @OwnerShareBp, @MaxConcurrency,
          cast(@Windows as jsonb), @OnClientAbort, @TrustsUsage, @Apis, @ApiVersion, @SealedHeaders,
          coalesce(@HeaderNames, array[]::text[]), @Rpm, @Tpm, cast(@FireSale as jsonb), cast(@Surge as jsonb))
        returning {Columns}
        """;

    private const string UpdateSql = $"""
        update channels
        set name = @Name,
            base_url = @BaseUrl,
            credential_type = coalesce(@CredentialType, credential_type),
            sealed_credential = coalesce(@SealedCredential, sealed_credential),
            models = @Models,
            model_map = cast(@ModelMap as jsonb),
            groups = @Groups,
            weight = @Weight,
            priority = @Priority,
            owner_share_bp = @OwnerShareBp,
            max_concurrency = @MaxConcurrency,
            rpm = @Rpm,
            tpm = @Tpm,
            windows = cast(@Windows as jsonb),
            fire_sale = cast(@FireSale as jsonb),
            surge = cast(@Surge as jsonb),
            on_client_abort = @OnClientAbort,
            trusts_usage = @TrustsUsage,
            apis = @Apis,
            api_version = @ApiVersion,
            sealed_headers = case when @HeaderNames::text[] is null then sealed_headers else @SealedHeaders end,
            header_names = coalesce(@HeaderNames, header_names),
            status = @Status,
            version = version + 1
        where id = @Id
        returning {Columns}
        """;

    public async Task<ChannelRow?> FindAsync(long id, long? onlyUser, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        return await connection.QuerySingleOrDefaultAsync<ChannelRow>(
            new CommandDefinition(FindSql, new { Id = id, OnlyUser = onlyUser }, cancellationToken: cancellation));
    }

    public async Task<IReadOnlyList<ChannelRow>> ListAsync(
        PageRequest page, long? onlyUser, string? status, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var rows = await connection.QueryAsync<ChannelRow>(new CommandDefinition(
            ListSql,
            new { OnlyUser = onlyUser, Status = status, After = page.AfterNumber, Count = page.Limit + 1 },
            cancellationToken: cancellation));
        return rows.AsList();
    }

    public static Task<ChannelRow?> LockAsync(
        NpgsqlTransaction transaction, long id, long? onlyUser, CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleOrDefaultAsync<ChannelRow>(new CommandDefinition(
            LockSql, new { Id = id, OnlyUser = onlyUser }, transaction, cancellationToken: cancellation));

    /// <summary>The id comes before the row, because the credential is sealed for it.</summary>
    public static Task<long> NextIdAsync(NpgsqlTransaction transaction, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<long>(
            new CommandDefinition(NextIdSql, null, transaction, cancellationToken: cancellation));

    public static Task<long> CountAsync(NpgsqlTransaction transaction, long? owner, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<long>(new CommandDefinition(
            CountSql, new { OwnerUserId = owner }, transaction, cancellationToken: cancellation));

    public static Task<bool> UserExistsAsync(NpgsqlTransaction transaction, long id, CancellationToken cancellation) =>
        transaction.Connection!.ExecuteScalarAsync<bool>(new CommandDefinition(
            UserExistsSql, new { OwnerUserId = id }, transaction, cancellationToken: cancellation));

    public static Task<ChannelRow> AddAsync(
        NpgsqlTransaction transaction,
        long id,
        long? owner,
        ChannelShape shape,
        SealedCredential credential,
        SealedHeaders? headers,
        CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<ChannelRow>(new CommandDefinition(
            AddSql, Parameters(id, owner, shape, credential, headers), transaction, cancellationToken: cancellation));

    /// <param name="credential">Null leaves the stored one.</param>
    /// <param name="headers">Null leaves the stored ones.</param>
    public static Task<ChannelRow> UpdateAsync(
        NpgsqlTransaction transaction,
        long id,
        ChannelShape shape,
        SealedCredential? credential,
        SealedHeaders? headers,
        CancellationToken cancellation) =>
        transaction.Connection!.QuerySingleAsync<ChannelRow>(new CommandDefinition(
            UpdateSql, Parameters(id, null, shape, credential, headers), transaction, cancellationToken: cancellation));

    private static object Parameters(
        long id, long? owner, ChannelShape shape, SealedCredential? credential, SealedHeaders? headers) => new
    {
        Id = id,
        OwnerUserId = owner,
        shape.Name,
        shape.Provider,
        shape.BaseUrl,
        CredentialType = credential?.Type,
        SealedCredential = credential?.Sealed,
        shape.Models,
        ModelMap = JsonSerializer.Serialize(shape.ModelMap, ApiJsonContext.Default.IReadOnlyDictionaryStringString),
        shape.Groups,
        shape.Weight,
        shape.Priority,
        shape.OwnerShareBp,
        shape.MaxConcurrency,
        shape.Rpm,
        shape.Tpm,
        FireSale = shape.FireSale is null
            ? null : JsonSerializer.Serialize(shape.FireSale, ApiJsonContext.Default.FireSale),
        Surge = shape.Surge is null ? null : JsonSerializer.Serialize(shape.Surge, ApiJsonContext.Default.Surge),
        Windows = JsonSerializer.Serialize(shape.Windows, ApiJsonContext.Default.IReadOnlyListQuotaWindow),
        shape.OnClientAbort,
        shape.TrustsUsage,
        shape.Apis,
        shape.ApiVersion,
        SealedHeaders = headers?.Sealed,
        HeaderNames = headers?.Names,
        shape.Status,
    };
}
