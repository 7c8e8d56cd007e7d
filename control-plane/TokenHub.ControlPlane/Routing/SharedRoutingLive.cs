using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Quota;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Routing;

/// <summary>
/// What Redis knows of channels over all gateways: slots, quota windows with what they do to weight and price, and
/// circuits that rest. How fast a channel is, how often it fails and who waits there is each gateway's own.
/// </summary>
internal sealed class SharedRoutingLive(WindowUsage usage, RedisClient redis, TimeProvider time) : IRoutingLive
{
    // A reading takes no place; whatever lease it names is given to nobody.
    private const int LeaseMs = 1_000;
    private static readonly string[] OwnOfGateways = ["errors", "first_token", "queue"];
    private static readonly string[] All = ["slots", "windows", "fire_sale", "surge", "rests", .. OwnOfGateways];

    private readonly ChannelSeats _seats = new(redis.Runner);

    public async Task<RoutingState> ReadAsync(IReadOnlyList<ChannelEntry> channels, CancellationToken cancellation)
    {
        try
        {
            var epoch = await usage.EpochAsync(cancellation);
            var states = new Dictionary<long, ChannelState>();
            foreach (var channel in channels)
            {
                states[channel.Id] = await ReadAsync(channel, epoch, cancellation);
            }

            return new RoutingState(states, OwnOfGateways);
        }
        catch (RedisUnavailableException)
        {
            return new RoutingState(new Dictionary<long, ChannelState>(), All);
        }
    }

    private async Task<ChannelState> ReadAsync(ChannelEntry channel, long epoch, CancellationToken cancellation)
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

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        var windows = channel.Windows.DistinctBy(WindowName.Of).ToList();
        var claims = windows.Select(window => new WindowClaim(
            WindowName.Of(window), window.Kind, window.Limit, WindowCalendar.Of(window).At(now))).ToArray();
        var seats = await _seats.RenewAsync(channel.Id, epoch, 0, 0, LeaseMs, claims, [], default, cancellation);
        var counts = await _seats.ReadAsync(channel.Id, epoch, [.. windows.Select(WindowName.Of)], cancellation);
        var left = windows.Select((window, i) => window.Limit - TakenOf(counts[i], now)).ToList();
        state = state with
        {
            SlotsUsed = seats.SlotsUsed,
            IsFull = channel.MaxConcurrency is { } slots && seats.SlotsUsed >= slots,
            IsExhausted = left.Any(rest => rest <= 0),
        };
        return windows is [var primary, ..] ? Price(state, channel, primary, left[0], seats.HourDemand, now) : state;
    }

    private static ChannelState Price(
        ChannelState state, ChannelEntry channel, WindowEntry primary, long left, long hourDemand, long now)
    {
        var end = WindowCalendar.Of(primary).At(now).EndMs;
        var scarcity = Scarcity.Of(channel.FireSale, channel.Surge, primary.Limit, left, hourDemand, end - now);
        return state with
        {
            LeftBp = Scarcity.LeftBp(primary.Limit, left),
            WeightBp = scarcity.WeightBp,
            FireSaleBp = scarcity.FireSaleBp,
            SurgeBp = scarcity.SurgeBp,
        };
    }

    private static long TakenOf(WindowCount? count, long now) =>
        count is { } counted && counted.Period.EndMs > now ? counted.Used + counted.Held : 0;
}
