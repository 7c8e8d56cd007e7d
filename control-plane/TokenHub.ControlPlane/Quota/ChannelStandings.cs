using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Quota;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Quota;

/// <summary>How a channel stands at an instant.</summary>
/// <param name="SlotsUsed">Null where only the ledger could be asked.</param>
/// <param name="Counts">Of each window; null where nothing was counted in its period.</param>
/// <param name="HourDemand">What the last hour took of the primary window.</param>
/// <param name="Source"><c>redis</c> or <c>ledger</c>.</param>
internal sealed record ChannelStanding(
    long NowMs, int? SlotsUsed, IReadOnlyList<WindowCount?> Counts, long HourDemand, string Source)
{
    public WindowCount CountOf(int window, WindowEntry entry) =>
        Counts[window] is { } counted && counted.Period.EndMs > NowMs
            ? counted : new WindowCount(WindowCalendar.Of(entry).At(NowMs), 0, 0);

    public long LeftOf(int window, WindowEntry entry)
    {
        var count = CountOf(window, entry);
        return entry.Limit - count.Used - count.Held;
    }

    /// <summary>What the primary window does to the channel's weight and price.</summary>
    public Scarcity ScarcityOf(IReadOnlyList<WindowEntry> windows, FireSaleEntry? fireSale, SurgeEntry? surge) =>
        windows is [var primary, ..]
            ? Scarcity.Of(
                fireSale, surge, primary.Limit, LeftOf(0, primary), HourDemand,
                CountOf(0, primary).Period.EndMs - NowMs)
            : Scarcity.None;
}

/// <summary>
/// Reads how channels stand: from Redis, which knows of what is under way; from the ledger while that cannot be asked.
/// </summary>
internal sealed class ChannelStandings(WindowUsage usage, RedisClient redis, TimeProvider time)
{
    // A reading takes no place; whatever lease it names is given to nobody.
    private const int LeaseMs = 1_000;

    private readonly ChannelSeats _seats = new(redis.Runner);

    public async Task<ChannelStanding> ReadAsync(
        long channel, IReadOnlyList<WindowEntry> entries, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        try
        {
            var epoch = await usage.EpochAsync(cancellation);
            var reply = await AskAsync(channel, epoch, entries, now, cancellation);
            if (reply.Code == SeatCode.NotCounted)
            {
                var periods = Periods(entries, reply.NowMs);
                await usage.RecountAsync(new PlaneMessages.RecountRequest(channel, periods), cancellation);
                reply = await AskAsync(channel, epoch, entries, reply.NowMs, cancellation);
            }

            var counts = entries.Count == 0
                ? []
                : await _seats.ReadAsync(channel, epoch, [.. entries.Select(WindowName.Of)], cancellation);
            return new ChannelStanding(reply.NowMs, reply.SlotsUsed, counts, reply.HourDemand, "redis");
        }
        catch (RedisUnavailableException)
        {
            var periods = Periods(entries, now);
            var used = await usage.CountAsync(channel, periods, cancellation);
            var counts = periods.Select((period, i) => (WindowCount?)new WindowCount(
                new QuotaPeriod(period.StartMs, period.EndMs), used[i], 0));
            return new ChannelStanding(now, null, [.. counts], 0, "ledger");
        }
    }

    private ValueTask<SeatReply> AskAsync(
        long channel, long epoch, IReadOnlyList<WindowEntry> entries, long nowMs, CancellationToken cancellation)
    {
        var claims = entries.Select(entry => new WindowClaim(
            WindowName.Of(entry), entry.Kind, entry.Limit, WindowCalendar.Of(entry).At(nowMs))).ToArray();
        return _seats.RenewAsync(channel, epoch, 0, 0, LeaseMs, claims, [], default, cancellation);
    }

    private static List<PlaneMessages.WindowPeriod> Periods(IReadOnlyList<WindowEntry> entries, long nowMs) =>
    [
        .. entries.Select(entry =>
        {
            var period = WindowCalendar.Of(entry).At(nowMs);
            return new PlaneMessages.WindowPeriod(WindowName.Of(entry), entry.Kind, period.StartMs, period.EndMs);
        }),
    ];
}
