using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway.Planes;

/// <summary>
/// Tells the control plane every two seconds that this gateway lives and how far its log has come, and does what the
/// answer asks for: takes part in a rebuild, tells Redis again, says which requests it does not know.
/// </summary>
internal sealed class Heartbeat(
    PlaneClient plane, Settler settler, InFlightTable table, SnapshotHolder snapshots, ShardGate gate,
    KnownRequests known, string gatewayId, string address) : IDisposable
{
    private const int Conflict = 409;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EveryWhileClosed = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan FarewellWithin = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _wake = new(0);
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyList<string>? _unknown;
    private Task _telling = Task.CompletedTask;
    private long _ready;
    private long? _replayed;
    private bool _isClosed;

    /// <summary>Set when the gateway takes no new requests any more.</summary>
    public bool Draining { get; set; }

    /// <summary>Done when a later boot of this gateway is registered: this one must not go on.</summary>
    public Task Superseded => _superseded.Task;

    /// <summary>Beats at once.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    public async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await BeatAsync(cancel);
        }
        finally
        {
            // It reads the in-flight table, which goes when this has ended.
            await _telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task BeatAsync(CancellationToken cancel)
    {
        while (true)
        {
            var asked = _unknown;
            try
            {
                var reply = await plane.BeatAsync(Now(asked), cancel);
                _unknown = null;
                await HeedAsync(reply, cancel);
            }
            catch (PlaneUnavailableException error) when (error.Status == Conflict)
            {
                await AnnounceAsync(cancel);
            }
            catch (PlaneUnavailableException)
            {
                // Serving goes on from the last snapshot; the next beat tries again.
            }

            known.Mark();
            await _wake.WaitAsync(_isClosed ? EveryWhileClosed : Every, cancel);
        }
    }

    /// <summary>Says that this gateway has ended in order, so that nobody waits for it.</summary>
    public async Task LeaveAsync()
    {
        using var limit = new CancellationTokenSource(FarewellWithin);
        try
        {
            await plane.BeatAsync(Now(null) with { HasLeft = true }, limit.Token);
        }
        catch (Exception error) when (error is PlaneUnavailableException or OperationCanceledException)
        {
            // Then its lease runs out.
        }
    }

    public void Dispose() => _wake.Dispose();

    private async Task HeedAsync(PlaneMessages.GatewayBeatReply reply, CancellationToken cancel)
    {
        _isClosed = reply.Rebuild > 0;
        if (reply.Unsure is { Count: > 0 } unsure)
        {
            _unknown = known.NotAmong(unsure);
            if (_unknown.Count > 0)
            {
                Wake();
            }
        }

        // At the start everything is told anyway.
        _replayed ??= reply.Replay;
        if (!_telling.IsCompleted)
        {
            return;
        }

        await _telling;
        if (reply.Rebuild > _ready && reply.Rebuilding is { } closed)
        {
            _telling = TakePartAsync(reply.Rebuild, [.. closed.Select(shard => (shard.Shard, shard.Epoch))], cancel);
        }
        else if (reply.Replay > _replayed)
        {
            _telling = TellAgainAsync(reply.Replay, cancel);
        }
    }

    // Beats go on meanwhile: a long log must not cost the lease.
    private async Task TakePartAsync(
        long number, IReadOnlyList<(int Shard, long Epoch)> shards, CancellationToken cancel)
    {
        if (await gate.JoinAsync(shards, cancel))
        {
            _ready = number;
            Wake();
        }
    }

    private async Task TellAgainAsync(long number, CancellationToken cancel)
    {
        if (await gate.TellAllAsync(cancel))
        {
            _replayed = number;
        }
    }

    private async Task AnnounceAsync(CancellationToken cancel)
    {
        try
        {
            await Registration.AnnounceAsync(plane, plane.Identity, gatewayId, GatewayVersion.Text, cancel);
            Wake();
        }
        catch (PlaneUnavailableException error)
        {
            if (error.Status == Conflict)
            {
                _superseded.TrySetResult();
            }
        }
    }

    private PlaneMessages.GatewayBeat Now(IReadOnlyList<string>? unknown)
    {
        var oldest = 0L;
        foreach (var slot in table.OpenSlots())
        {
            var started = slot.Request.StartedMs;
            oldest = oldest == 0 ? started : Math.Min(oldest, started == 0 ? oldest : started);
        }

        return new PlaneMessages.GatewayBeat(
            plane.Identity.GatewayNo, plane.Identity.BootNo, settler.LastLsn, settler.AckedLsn, table.OpenCount, oldest,
            gate.HasToldAll, Draining, snapshots.Version, address, _ready, HasLeft: false, unknown);
    }
}
