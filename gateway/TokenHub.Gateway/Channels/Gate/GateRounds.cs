using TokenHub.Gateway.Snapshots;
using TokenHub.Redis;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>
/// Every second: keeps the leases of this gateway's places, and sees to it that what is known of channels with windows
/// is not old, also where nothing is called: weight and price move with it.
/// </summary>
internal sealed class GateRounds(ChannelGate gate, SnapshotHolder snapshots, TimeProvider time)
{
    private const int RenewEvery = 5;
    private const int FailuresMax = 3;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PricedAgeMax = TimeSpan.FromMilliseconds(900);
    private static readonly TimeSpan AgeMax = TimeSpan.FromSeconds(10);

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Every, time);
        for (var round = 1; await timer.WaitForNextTickAsync(cancel); round++)
        {
            await GoAroundAsync(round % RenewEvery == 0, cancel);
        }
    }

    /// <param name="renews">Leases are renewed in this round.</param>
    public async Task GoAroundAsync(bool renews, CancellationToken cancel)
    {
        var failures = 0;
        foreach (var channel in snapshots.Current.Channels)
        {
            if (failures < FailuresMax && IsDue(channel, renews) && !await TryRenewAsync(channel, cancel))
            {
                failures++;
            }

            gate.Reprice(channel);
        }
    }

    private bool IsDue(UpstreamChannel channel, bool renews)
    {
        var limits = channel.Limits;
        return (renews && gate.HasSeats(channel))
            || (limits.MovesPrice && gate.AgeOf(channel) > PricedAgeMax)
            || (limits.HasWindows && gate.AgeOf(channel) > AgeMax);
    }

    private async Task<bool> TryRenewAsync(UpstreamChannel channel, CancellationToken cancel)
    {
        try
        {
            return await gate.RenewAsync(channel, cancel);
        }
        catch (RedisUnavailableException)
        {
            // The next round tries again, well within the lease.
            return false;
        }
    }
}
