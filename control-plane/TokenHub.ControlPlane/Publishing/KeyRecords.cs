using System.Text;
using System.Text.Json;
using Dapper;
using Npgsql;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>
/// What gateways know of a key: read from PostgreSQL, kept in Redis, taken out when the key is deleted.
/// </summary>
internal sealed class KeyRecords(NpgsqlDataSource database, RedisClient redis)
{
    /// <summary>
    /// A day, so that a Redis which comes back with an older copy has no record that is older than the changes that are
    /// told again. A record that runs out is asked for and written anew.
    /// </summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private const int RoundsMax = 5;

    private const string ByIdSql = """
        select k.id, k.user_id as account, k.secret_hash, k.status, u.status = 'active' as user_enabled, k.models,
          k.channel_ids, k.groups, k.expires_at, k.spend_limit_units as spend_limit, k.rpm, k.tpm, k.max_concurrency,
          k.ip_allow, k.unsupported, u.max_concurrency as user_max_concurrency
        from api_keys k
        join users u on u.id = k.user_id
        where k.id = @id
        """;

    private const string IdOfHashSql = "select id from api_keys where secret_hash = @hash";

    private const string IdsOfUserSql = "select id from api_keys where user_id = @userId order by id";

    public async Task<IReadOnlyList<long>> ReadIdsOfUserAsync(long userId, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return (await connection.QueryAsync<long>(
            new CommandDefinition(IdsOfUserSql, new { userId }, cancellationToken: ct))).AsList();
    }

    /// <summary>
    /// The record of a key that is not deleted, written to Redis on the way; null when there is none.
    /// </summary>
    public async Task<KeyRecord?> FindAsync(HubKeyHash hash, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var id = await connection.QuerySingleOrDefaultAsync<long?>(
            new CommandDefinition(IdOfHashSql, new { hash = hash.ToBytes() }, cancellationToken: ct));
        var row = id is { } known ? await TryWriteAsync(known, ct) : null;
        return row is { IsDeleted: false } && row.SecretHash.AsSpan().SequenceEqual(hash.ToBytes())
            ? row.ToRecord()
            : null;
    }

    /// <summary>Writes a key's present record to Redis and tells all gateways to forget what they know of it.</summary>
    public async Task PublishAsync(long id, CancellationToken ct)
    {
        if (await WriteAsync(id, ct) is { } row)
        {
            await TellAsync(row.SecretHash, ct);
        }
    }

    /// <summary>Takes a hash out that is a key's no more: the key has another secret since.</summary>
    public async Task RetireAsync(byte[] hash, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        var owner = await connection.QuerySingleOrDefaultAsync<long?>(
            new CommandDefinition(IdOfHashSql, new { hash }, cancellationToken: ct));
        if (owner is null)
        {
            await redis.DeleteAsync(NameOf(hash), ct);
            await TellAsync(hash, ct);
        }
    }

    // A gateway that asks is answered also while Redis is away.
    private async Task<KeyRow?> TryWriteAsync(long id, CancellationToken ct)
    {
        try
        {
            return await WriteAsync(id, ct);
        }
        catch (RedisUnavailableException)
        {
            return await ReadAsync(id, ct);
        }
    }

    // Of several who write one key at once, each looks again after its write: the last one leaves what is newest.
    private async Task<KeyRow?> WriteAsync(long id, CancellationToken ct)
    {
        var row = await ReadAsync(id, ct);
        for (var round = 0; row is not null && round < RoundsMax; round++)
        {
            var json = row.Json();
            if (row.IsDeleted)
            {
                await redis.DeleteAsync(NameOf(row.SecretHash), ct);
            }
            else
            {
                await redis.SetAsync(NameOf(row.SecretHash), json, Lifetime, ct);
            }

            var now = await ReadAsync(id, ct);
            if (now is null || (now.IsDeleted == row.IsDeleted && now.Json().AsSpan().SequenceEqual(json)))
            {
                break;
            }

            row = now;
        }

        return row;
    }

    private async Task<KeyRow?> ReadAsync(long id, CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        return await connection.QuerySingleOrDefaultAsync<KeyRow>(
            new CommandDefinition(ByIdSql, new { id }, cancellationToken: ct));
    }

    private async Task TellAsync(byte[] hash, CancellationToken ct)
    {
        var notice = Encoding.ASCII.GetBytes(PlaneMessages.KeyChanged + Convert.ToHexStringLower(hash));
        await redis.PublishAsync(PlaneMessages.ChangeChannel, notice, ct);
    }

    private static string NameOf(byte[] hash) => PlaneMessages.KeyRecordPrefix + Convert.ToHexStringLower(hash);

    private sealed record KeyRow
    {
        public long Id { get; init; }
        public long Account { get; init; }
        public byte[] SecretHash { get; init; } = [];
        public string Status { get; init; } = "";
        public bool UserEnabled { get; init; }
        public string[] Models { get; init; } = [];
        public long[] ChannelIds { get; init; } = [];
        public string[] Groups { get; init; } = [];
        public DateTime? ExpiresAt { get; init; }
        public long? SpendLimit { get; init; }
        public int? Rpm { get; init; }
        public int? Tpm { get; init; }
        public int? MaxConcurrency { get; init; }
        public string[] IpAllow { get; init; } = [];
        public string Unsupported { get; init; } = "";
        public int UserMaxConcurrency { get; init; }

        public bool IsDeleted => Status == "deleted";

        public byte[] Json() => JsonSerializer.SerializeToUtf8Bytes(ToRecord(), SnapshotJsonContext.Default.KeyRecord);

        public KeyRecord ToRecord() => new()
        {
            Id = Id,
            Account = Account,
            Enabled = Status == "active",
            UserEnabled = UserEnabled,
            Models = Models,
            Channels = ChannelIds,
            Groups = Groups,
            ExpiresAtMs = ExpiresAt is { } at ? new DateTimeOffset(at).ToUnixTimeMilliseconds() : null,
            SpendLimit = SpendLimit,
            Rpm = Rpm,
            Tpm = Tpm,
            MaxConcurrency = MaxConcurrency,
            UserMaxConcurrency = UserMaxConcurrency,
            IpAllow = IpAllow,
            Unsupported = Unsupported == KeyRecord.UnsupportedIsError ? Unsupported : null,
        };
    }
}
