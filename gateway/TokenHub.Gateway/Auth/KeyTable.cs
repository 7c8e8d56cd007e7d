using System.Collections.Concurrent;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Auth;

/// <summary>
/// Client keys in local memory: bounded, short-lived, one look-up at a time for each key, emptied by notices of change.
/// While notices may be missed it is bypassed, so that a revoked key is refused everywhere within a second.
/// </summary>
internal sealed class KeyTable(
    Func<HubKeyHash, CancellationToken, Task<KeyRecord?>> find,
    Func<bool> hearsNotices,
    GatewayOptions options,
    TimeProvider time)
{
    private static readonly TimeSpan LookUpTimeout = TimeSpan.FromSeconds(5);

    // Two generations: when the young one is full it becomes the old one, and what nobody asks for falls away.
    private ConcurrentDictionary<HubKeyHash, Entry> _young = new();
    private ConcurrentDictionary<HubKeyHash, Entry> _old = new();
    private readonly ConcurrentDictionary<HubKeyHash, LookUp> _lookUps = new();
    private readonly Lock _turn = new();
    private long _changes;

    /// <summary>The key's entry, or null when there is no such key. Throws what the look-up throws.</summary>
    public ValueTask<KeyEntry?> FindAsync(HubKeyHash hash)
    {
        if (hearsNotices() && TryRecall(hash, out var known))
        {
            return new ValueTask<KeyEntry?>(known);
        }

        var mine = new LookUp();
        var lookUp = _lookUps.GetOrAdd(hash, mine);
        if (ReferenceEquals(lookUp, mine))
        {
            // Begun only once it can be found, so that it cannot end before and stay behind for ever.
            _ = Task.Run(() => RunAsync(mine, hash));
        }

        return new ValueTask<KeyEntry?>(lookUp.Found.Task);
    }

    /// <summary>A notice: this key has changed.</summary>
    public void Forget(HubKeyHash hash)
    {
        // Counted first: a look-up that read the former record must not put it back.
        Interlocked.Increment(ref _changes);
        _lookUps.TryRemove(hash, out _);
        _young.TryRemove(hash, out _);
        _old.TryRemove(hash, out _);
    }

    /// <summary>Any key may have changed.</summary>
    public void ForgetAll()
    {
        Interlocked.Increment(ref _changes);
        _lookUps.Clear();
        _young.Clear();
        _old.Clear();
    }

    private bool TryRecall(HubKeyHash hash, out KeyEntry? entry)
    {
        entry = null;
        var isYoung = _young.TryGetValue(hash, out var found);
        if ((!isYoung && !_old.TryGetValue(hash, out found)) || time.GetTimestamp() >= found.GoodUntil)
        {
            return false;
        }

        if (!isYoung)
        {
            Keep(hash, found);
        }

        entry = found.Key;
        return true;
    }

    // Outlives the caller that began it: others may be waiting for the same key.
    private async Task RunAsync(LookUp lookUp, HubKeyHash hash)
    {
        try
        {
            var changes = Interlocked.Read(ref _changes);
            using var limit = new CancellationTokenSource(LookUpTimeout);
            var record = await find(hash, limit.Token);
            var entry = record is null ? null : new KeyEntry(record);
            if (hearsNotices() && changes == Interlocked.Read(ref _changes))
            {
                var ttl = entry is null ? options.KeyCacheNegativeTtl : options.KeyCacheTtl;
                Keep(hash, new Entry(entry, time.GetTimestamp() + (long)(ttl.TotalSeconds * time.TimestampFrequency)));
            }

            _lookUps.TryRemove(KeyValuePair.Create(hash, lookUp));
            lookUp.Found.SetResult(entry);
        }
        catch (Exception error)
        {
            _lookUps.TryRemove(KeyValuePair.Create(hash, lookUp));
            lookUp.Found.SetException(error as KeySourceException
                ?? new KeySourceException("The key could not be looked up.", error));
        }
    }

    private void Keep(HubKeyHash hash, in Entry entry)
    {
        _young[hash] = entry;
        if (_young.Count <= options.KeyCacheEntriesMax / 2)
        {
            return;
        }

        lock (_turn)
        {
            if (_young.Count > options.KeyCacheEntriesMax / 2)
            {
                _old = _young;
                _young = new ConcurrentDictionary<HubKeyHash, Entry>();
            }
        }
    }

    private sealed class LookUp
    {
        public TaskCompletionSource<KeyEntry?> Found { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private readonly record struct Entry(KeyEntry? Key, long GoodUntil);
}
