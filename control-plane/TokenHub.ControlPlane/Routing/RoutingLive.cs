using TokenHub.ControlPlane.Quota;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Routing;

/// <summary>
/// What Redis knows of channels over all gateways: slots, quota windows with what they do to weight and price, and
/// circuits that rest. How fast a channel is, how often it fails and who waits there is each gateway's own.
/// </summary>
internal sealed class RoutingLive(ChannelStandings standings, RedisClient redis)
{
    private static readonly string[] OwnOfGateways = ["errors", "first_token", "queue"];
    private static readonly string[] All = ["slots", "windows", "fire_sale", "surge", "rests", .. OwnOfGateways];

    public async Task<RoutingState> ReadAsync(IReadOnlyList<ChannelEntry> channels, CancellationToken cancellation)
    {
        try
        {
            var states = new Dictionary<long, ChannelState>();
            foreach (var channel in channels)
            {
                states[channel.Id] = await ReadAsync(channel, cancellation);
            }

            return new RoutingState(states, OwnOfGateways);
        }
        catch (RedisUnavailableException)
        {
            return new RoutingState(new Dictionary<long, ChannelState>(), All);
        }
    }

    private async Task<ChannelState> ReadAsync(ChannelEntry channel, CancellationToken cancellation)
    {
        // Gone when the rest is over.
        var state = new ChannelState
        {
            IsResting = await redis.GetAsync(RedisKeys.Circuit(channel.Id), cancellation) is not null,
        };
        if (channel is { MaxConcurrency: null, Windows.Count: 0 })
        {
            return state;
        }

        var windows = channel.Windows;
        var standing = await standings.ReadAsync(channel.Id, windows, cancellation);
        var scarcity = standing.ScarcityOf(windows, channel.FireSale, channel.Surge);
        return state with
        {
            SlotsUsed = standing.SlotsUsed,
            IsFull = channel.MaxConcurrency is { } slots && standing.SlotsUsed >= slots,
            IsExhausted = windows.Where((window, i) => standing.LeftOf(i, window) <= 0).Any(),
            LeftBp = windows is [var primary, ..]
                ? Scarcity.LeftBp(primary.Limit, standing.LeftOf(0, primary)) : null,
            WeightBp = scarcity.WeightBp,
            FireSaleBp = scarcity.FireSaleBp,
            SurgeBp = scarcity.SurgeBp,
        };
    }
}
