using System.Collections.Concurrent;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Planes;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// Asks the control plane to count a channel's windows. All requests that find the same channel uncounted wait for one
/// call: after a loss of Redis a thousand of them may come at once.
/// </summary>
internal sealed class Recounts(PlaneClient plane, ServerClock clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<long, Lazy<Task<bool>>> _running = new();

    public Task<bool> RecountAsync(UpstreamChannel channel) =>
        _running.GetOrAdd(channel.Id, _ => new Lazy<Task<bool>>(() => RecountOnceAsync(channel))).Value;

    private async Task<bool> RecountOnceAsync(UpstreamChannel channel)
    {
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            var windows = channel.Limits.ClaimsAt(clock.NowMs).Select(claim => new PlaneMessages.WindowPeriod(
                claim.Name, claim.Kind, claim.Period.StartMs, claim.Period.EndMs));
            return await plane.RecountAsync(new PlaneMessages.RecountRequest(channel.Id, [.. windows]), limit.Token);
        }
        catch (Exception error) when (error is PlaneUnavailableException or OperationCanceledException)
        {
            return false;
        }
        finally
        {
            _running.TryRemove(channel.Id, out _);
        }
    }
}
