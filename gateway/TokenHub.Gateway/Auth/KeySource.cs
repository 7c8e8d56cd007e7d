using System.Text.Json;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Planes;
using TokenHub.Redis;

namespace TokenHub.Gateway.Auth;

/// <summary>Where keys are looked up: the record in Redis, and the control plane when Redis has none.</summary>
/// <param name="outlivesRedis">The control plane is asked as well when Redis cannot be.</param>
internal sealed class KeySource(RedisClient redis, PlaneClient plane, bool outlivesRedis)
{
    /// <summary>Null when there is no such key. Throws <see cref="KeySourceException"/> when nobody can say.</summary>
    public async Task<KeyRecord?> FindAsync(HubKeyHash hash, CancellationToken cancel)
    {
        try
        {
            var bytes = await ReadAsync(hash, cancel);
            return bytes is null
                ? await plane.FindKeyAsync(hash, cancel)
                : JsonSerializer.Deserialize(bytes, SnapshotJsonContext.Default.KeyRecord);
        }
        catch (Exception error) when (error is RedisUnavailableException or PlaneUnavailableException or JsonException)
        {
            throw new KeySourceException(error.Message, error);
        }
    }

    private async Task<byte[]?> ReadAsync(HubKeyHash hash, CancellationToken cancel)
    {
        try
        {
            return await redis.GetAsync($"{PlaneMessages.KeyRecordPrefix}{hash}", cancel);
        }
        catch (RedisUnavailableException) when (outlivesRedis)
        {
            return null;
        }
    }
}
