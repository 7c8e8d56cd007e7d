using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Publishing;

/// <summary>The newest snapshot as gateways get it, and a place to wait for a newer one.</summary>
internal sealed class SnapshotFeed(SnapshotBuilder builder, RedisClient redis, ILogger<SnapshotFeed> logger)
    : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private Edition _current = new(0, []);

    public long Version => Volatile.Read(ref _current).Version;

    /// <summary>Builds and announces a snapshot when PostgreSQL has another version than the one here.</summary>
    public async Task RefreshAsync(CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            var old = _current;
            if (await builder.ReadVersionAsync(ct) == old.Version)
            {
                return;
            }

            var snapshot = await builder.BuildAsync(ct);
            var bytes = JsonSerializer.SerializeToUtf8Bytes(snapshot, SnapshotJsonContext.Default.Snapshot);
            Volatile.Write(ref _current, new Edition(snapshot.Version, bytes));
            old.Replaced.TrySetResult();
            logger.LogInformation(
                "Snapshot {Version}: {Channels} channels, {Prices} prices",
                snapshot.Version,
                snapshot.Channels.Count,
                snapshot.Prices.Count);
            await AnnounceAsync(snapshot.Version, ct);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A snapshot that is not the one with this version, or null when none comes in time.</summary>
    public async Task<byte[]?> WaitAsync(long after, TimeSpan patience, CancellationToken ct)
    {
        var edition = Volatile.Read(ref _current);
        if (edition.Version == 0 || edition.Version == after)
        {
            try
            {
                await edition.Replaced.Task.WaitAsync(patience, ct);
            }
            catch (TimeoutException)
            {
                return null;
            }

            edition = Volatile.Read(ref _current);
        }

        return edition.Json;
    }

    public void Dispose() => _gate.Dispose();

    // Gateways that poll hear of it anyway; the notice is for those whose call is just under way elsewhere.
    private async Task AnnounceAsync(long version, CancellationToken ct)
    {
        try
        {
            var notice = Encoding.ASCII.GetBytes($"{PlaneMessages.SnapshotChanged}{version}");
            await redis.PublishAsync(PlaneMessages.ChangeChannel, notice, ct);
        }
        catch (RedisUnavailableException error)
        {
            logger.LogWarning("Snapshot {Version} was not announced: {Reason}", version, error.Message);
        }
    }

    private sealed record Edition(long Version, byte[] Json)
    {
        public TaskCompletionSource Replaced { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
