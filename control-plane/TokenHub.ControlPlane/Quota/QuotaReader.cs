using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Settings;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Quota;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Quota;

/// <summary>
/// Reads how a channel stands: from Redis, which knows of what is under way; from the ledger while that cannot be
/// asked.
/// </summary>
internal sealed class QuotaReader(WindowUsage usage, RedisClient redis, SettingQueries settings, TimeProvider time)
{
    // A reading takes no place; whatever lease it names is given to nobody.
    private const int LeaseMs = 1_000;

    private readonly ChannelSeats _seats = new(redis.Runner);

    public async Task<QuotaView> ReadAsync(ChannelRow row, CancellationToken cancellation)
    {
        var point = await settings.PointUsdAsync(cancellation);
        var entries = WindowEntries.Read(row.Windows, point);
        var standing = await StandAsync(row.Id, entries, cancellation);
        return ViewOf(row, entries, standing, point);
    }

    private async Task<Standing> StandAsync(
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
            return new Standing(reply.NowMs, reply.SlotsUsed, counts, reply.HourDemand, "redis");
        }
        catch (RedisUnavailableException)
        {
            var periods = Periods(entries, now);
            var used = await usage.CountAsync(channel, periods, cancellation);
            var counts = periods.Select((period, i) => (WindowCount?)new WindowCount(
                new QuotaPeriod(period.StartMs, period.EndMs), used[i], 0));
            return new Standing(now, null, [.. counts], 0, "ledger");
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

    private static QuotaView ViewOf(ChannelRow row, IReadOnlyList<WindowEntry> entries, Standing standing, Usd point)
    {
        var windows = entries.Select((entry, i) =>
        {
            var period = WindowCalendar.Of(entry).At(standing.NowMs);
            var count = standing.Counts[i] is { } counted && counted.Period.EndMs > standing.NowMs
                ? counted : new WindowCount(period, 0, 0);
            return (Entry: entry, Count: count, Left: entry.Limit - count.Used - count.Held);
        }).ToList();
        var scarcity = windows is [var primary, ..]
            ? Scarcity.Of(
                WindowEntries.ReadFireSale(row.FireSale), WindowEntries.ReadSurge(row.Surge), primary.Entry.Limit,
                primary.Left, standing.HourDemand, primary.Count.Period.EndMs - standing.NowMs)
            : Scarcity.None;
        return new QuotaView
        {
            ChannelId = row.WireName,
            SlotsUsed = standing.SlotsUsed,
            MaxConcurrency = row.MaxConcurrency,
            Windows = [.. windows.Select(window => ViewOf(window.Entry, window.Count, window.Left, point))],
            WeightFactorBp = scarcity.WeightBp,
            FireSaleFactorBp = scarcity.FireSaleBp,
            SurgeFactorBp = scarcity.SurgeBp,
            Source = standing.Source,
        };
    }

    private static QuotaWindowView ViewOf(WindowEntry entry, WindowCount count, long left, Usd point)
    {
        Usd? Money(long units) => entry.Kind == QuotaKind.Money ? new Usd(units) : null;
        Usd? Points(long units) =>
            entry.Kind == QuotaKind.Money ? WindowEntries.ToPoints(new Usd(units), point) : null;
        long? Tokens(long tokens) => entry.Kind == QuotaKind.Tokens ? tokens : null;
        long? Requests(long requests) => entry.Kind == QuotaKind.Requests ? requests : null;

        // What was used beyond a limit leaves nothing.
        left = Math.Max(0, left);
        return new QuotaWindowView
        {
            PeriodUnit = entry.Unit.ToString().ToLowerInvariant(),
            PeriodCount = entry.Count,
            Timezone = entry.Timezone,
            StartsAt = DateTime.UnixEpoch.AddMilliseconds(count.Period.StartMs),
            EndsAt = DateTime.UnixEpoch.AddMilliseconds(count.Period.EndMs),
            LimitUsd = Money(entry.Limit),
            UsedUsd = Money(count.Used),
            HeldUsd = Money(count.Held),
            LeftUsd = Money(left),
            LimitPoints = Points(entry.Limit),
            UsedPoints = Points(count.Used),
            LeftPoints = Points(left),
            LimitTokens = Tokens(entry.Limit),
            UsedTokens = Tokens(count.Used),
            HeldTokens = Tokens(count.Held),
            LeftTokens = Tokens(left),
            LimitRequests = Requests(entry.Limit),
            UsedRequests = Requests(count.Used),
            HeldRequests = Requests(count.Held),
            LeftRequests = Requests(left),
            LeftBp = Scarcity.LeftBp(entry.Limit, left),
        };
    }

    private sealed record Standing(
        long NowMs, int? SlotsUsed, IReadOnlyList<WindowCount?> Counts, long HourDemand, string Source);
}
