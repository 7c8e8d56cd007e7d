using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using TokenHub.Redis;

namespace TokenHub.Ledger.Draining;

/// <summary>
/// Looks at charges that wait in Redis longer than a gateway takes to ship them: what the ledger has is acknowledged
/// again, what it does not have (its gateway's disk may be lost) is posted from the copy.
/// </summary>
public sealed class OutboxSweep(
    NpgsqlDataSource database,
    Till till,
    UsageIngest ingest,
    Acknowledger acknowledger,
    ILogger<OutboxSweep>? logger = null)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Younger copies are on their way with the gateway's own log.</summary>
    public static readonly TimeSpan AgeMin = TimeSpan.FromSeconds(15);

    private const int EntriesMax = 200;

    private readonly Stands _stands = new(database);
    private readonly ILogger _logger = logger ?? NullLogger<OutboxSweep>.Instance;

    /// <summary>One pass over all shards. Returns how many copies were dealt with.</summary>
    public async Task<int> SweepAsync(TimeSpan? age = null, CancellationToken ct = default)
    {
        var count = 0;
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            count += (await DrainAsync(shard, age ?? AgeMin, ct)).Count;
        }

        return count;
    }

    /// <summary>Deals with the oldest copies of a shard, if they are older than that, and returns them.</summary>
    public async Task<IReadOnlyList<OutboxEntry>> DrainAsync(int shard, TimeSpan age, CancellationToken ct = default)
    {
        var entries = await till.OutboxAsync(shard, (long)age.TotalMilliseconds, EntriesMax, ct);
        if (entries.Count > 0)
        {
            await DrainAsync(entries, ct);
        }

        return entries;
    }

    private async Task DrainAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken ct)
    {
        var drained = await _stands.FindDrainedAsync(entries.Select(entry => entry.Rid), ct);
        var missing = entries.Where(entry => !drained.Contains(entry.Rid)).ToList();
        if (missing.Count > 0)
        {
            var receipt = await ingest.IngestOutboxAsync([.. missing.Select(entry => entry.Payload)], ct);
            _logger.LogWarning(
                "Posted {Accepted} requests from their copies in Redis, parked {Dead}", receipt.Accepted, receipt.Dead);
        }

        // From here on all of them are in the ledger, posted or parked, also those whose bytes could not be read.
        var requests = entries.Select(entry => new DrainedRequest(entry.Rid, entry.Account, entry.Key)).ToList();
        await acknowledger.AcknowledgeAsync(await _stands.ReadAsync(requests, ct), ct);
    }
}
