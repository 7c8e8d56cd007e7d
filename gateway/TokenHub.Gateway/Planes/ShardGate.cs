using TokenHub.Gateway.Settlement;
using TokenHub.Redis;

namespace TokenHub.Gateway.Planes;

/// <summary>
/// Stands before the shards: a gateway reserves in one only under an epoch that it has joined, that is, after it told
/// Redis of everything open and unposted there. Requests that meet a closed shard wait here together.
/// </summary>
internal sealed class ShardGate(RedisClient redis, Till till, Replay replay) : IDisposable
{
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(250);
    private const int SecondLookMs = 1_000;

    private readonly ShardMarks _marks = new(redis);
    private readonly SemaphoreSlim _joining = new(1);
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _gate = new();
    private readonly Dictionary<int, TaskCompletionSource> _waiting = [];
    private volatile bool _hasToldAll;
    private long _lookAgainAtMs = long.MaxValue;

    /// <summary>True once all that a former process left has been told to Redis.</summary>
    public bool HasToldAll => _hasToldAll;

    /// <summary>Called when a request meets a closed shard: whoever can open it should hear of it at once.</summary>
    public Action? OnClosed { get; set; }

    /// <summary>Follows the servers: what they may have lost is told again, and closed shards are joined.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var generation = long.MinValue;
        while (true)
        {
            var seen = redis.Generation;
            if ((!_hasToldAll || seen != generation) && redis.IsConnected && await TellAllAsync(cancel))
            {
                generation = seen;
            }

            await LookAgainAsync(cancel);
            if (HasWaiting && await ProbeAsync(cancel))
            {
                await Task.Delay(ProbePause, cancel);
                continue;
            }

            await _wake.WaitAsync(LookPause, cancel);
        }
    }

    /// <summary>Tells Redis everything again, and joins each open shard whose epoch was there before.</summary>
    public async Task<bool> TellAllAsync(CancellationToken cancel)
    {
        if (await TryReadMarksAsync(cancel) is not { } marks
            || !await JoinAsync([.. Joinable(marks)], isAll: true, cancel))
        {
            return false;
        }

        _hasToldAll = true;
        return true;
    }

    /// <summary>
    /// Tells Redis of these shards and reserves there from now on under these epochs. False: not done.
    /// </summary>
    public Task<bool> JoinAsync(IReadOnlyList<(int Shard, long Epoch)> shards, CancellationToken cancel) =>
        JoinAsync(shards, isAll: false, cancel);

    /// <summary>Waits until the shard is open and joined; false when that takes too long.</summary>
    /// <param name="untilMs">By <see cref="Environment.TickCount64"/>.</param>
    public async Task<bool> WaitAsync(int shard, long untilMs)
    {
        TaskCompletionSource opened;
        lock (_gate)
        {
            if (!_waiting.TryGetValue(shard, out opened!))
            {
                opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting[shard] = opened;
            }
        }

        OnClosed?.Invoke();
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }

        var left = untilMs - Environment.TickCount64;
        if (left <= 0)
        {
            return false;
        }

        try
        {
            await opened.Task.WaitAsync(TimeSpan.FromMilliseconds(left));
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _joining.Dispose();
        _wake.Dispose();
    }

    private bool HasWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > 0;
            }
        }
    }

    // Returns true while somebody still waits.
    private async Task<bool> ProbeAsync(CancellationToken cancel)
    {
        if (await TryReadMarksAsync(cancel) is not { } marks)
        {
            return HasWaiting;
        }

        // A gateway that slept through a rebuild, or has just started, finds shards open that it has not joined.
        var joinable = Joinable(marks).Where(open => open.Epoch > till.JoinedEpochOf(open.Shard)).ToList();
        if (joinable.Count > 0)
        {
            await JoinAsync(joinable, cancel);
        }

        List<TaskCompletionSource> opened = [];
        lock (_gate)
        {
            foreach (var shard in _waiting.Keys.ToList())
            {
                if (marks[shard]?.Epoch is { } epoch && epoch == till.JoinedEpochOf(shard))
                {
                    opened.Add(_waiting[shard]);
                    _waiting.Remove(shard);
                }
            }
        }

        opened.ForEach(waiter => waiter.TrySetResult());
        return HasWaiting;
    }

    private async Task<bool> JoinAsync(
        IReadOnlyList<(int Shard, long Epoch)> shards, bool isAll, CancellationToken cancel)
    {
        await _joining.WaitAsync(cancel);
        try
        {
            var wanted = new bool[Shards.Count];
            foreach (var (shard, _) in shards)
            {
                wanted[shard] = true;
            }

            bool Wanted(int shard) => isAll || wanted[shard];
            if (!await replay.RunAsync(Wanted, cancel))
            {
                return false;
            }

            foreach (var (shard, epoch) in shards)
            {
                till.Join(shard, epoch);
            }

            Volatile.Write(ref _lookAgainAtMs, Environment.TickCount64 + SecondLookMs);
            return true;
        }
        finally
        {
            _joining.Release();
        }
    }

    // A hold taken just before the loss may have got its slot just after the look at them.
    private async Task LookAgainAsync(CancellationToken cancel)
    {
        if (Environment.TickCount64 < Volatile.Read(ref _lookAgainAtMs))
        {
            return;
        }

        Volatile.Write(ref _lookAgainAtMs, long.MaxValue);
        try
        {
            await replay.ReholdAsync(_ => true, cancel);
        }
        catch (RedisUnavailableException)
        {
            // The next renewal of such a hold finds it missing and puts it back.
        }
    }

    private async Task<ShardMark?[]?> TryReadMarksAsync(CancellationToken cancel)
    {
        try
        {
            return await _marks.ReadAsync(cancel);
        }
        catch (RedisUnavailableException)
        {
            return null;
        }
    }

    private static IEnumerable<(int Shard, long Epoch)> Joinable(ShardMark?[] marks) =>
        Enumerable.Range(0, marks.Length).Where(shard => marks[shard]?.Epoch is not null)
            .Select(shard => (shard, marks[shard]!.Value.Epoch!.Value));
}
