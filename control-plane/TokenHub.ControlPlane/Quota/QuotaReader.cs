using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Settings;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Quota;

/// <summary>Shows how a channel stands with its quota windows.</summary>
internal sealed class QuotaReader(ChannelStandings standings, SettingQueries settings)
{
    public async Task<QuotaView> ReadAsync(ChannelRow row, CancellationToken cancellation)
    {
        var point = await settings.PointUsdAsync(cancellation);
        var entries = WindowEntries.Read(row.Windows, point);
        var standing = await standings.ReadAsync(row.Id, entries, cancellation);
        return ViewOf(row, entries, standing, point);
    }

    private static QuotaView ViewOf(
        ChannelRow row, IReadOnlyList<WindowEntry> entries, ChannelStanding standing, Usd point)
    {
        var windows = entries.Select((entry, i) =>
            (Entry: entry, Count: standing.CountOf(i, entry), Left: standing.LeftOf(i, entry))).ToList();
        var scarcity = standing.ScarcityOf(
            entries, WindowEntries.ReadFireSale(row.FireSale), WindowEntries.ReadSurge(row.Surge));
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
}
