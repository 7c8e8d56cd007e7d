using TokenHub.Core.Quota;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>The limits of a channel as its snapshot has them, with its windows in the period that holds.</summary>
internal sealed class ChannelLimits
{
    private readonly Window[] _windows;
    private volatile Period? _period;

    private ChannelLimits(ChannelEntry entry)
    {
        (Slots, Rpm, Tpm, FireSale, Surge) =
            (entry.MaxConcurrency, entry.Rpm, entry.Tpm, entry.FireSale, entry.Surge);

        // Two windows that count the same are one, and the lower limit holds.
        _windows = [.. entry.Windows
            .GroupBy(WindowName.Of)
            .Take(ChannelSeats.WindowsMax)
            .Select(same => new Window(
                same.Key, same.First().Kind, same.Min(window => window.Limit), WindowCalendar.Of(same.First())))];
    }

    public int? Slots { get; }

    public int? Rpm { get; }

    public int? Tpm { get; }

    public FireSaleEntry? FireSale { get; }

    public SurgeEntry? Surge { get; }

    public bool HasWindows => _windows.Length > 0;

    /// <summary>Nothing has to be counted: Redis need not be asked.</summary>
    public bool IsNone => Slots is null && Rpm is null && Tpm is null && !HasWindows;

    /// <summary>The channel's weight or price moves with its primary window.</summary>
    public bool MovesPrice => HasWindows && (FireSale is not null || Surge is not null);

    /// <summary>Of the primary window.</summary>
    public long PrimaryLimit => _windows[0].Limit;

    public static ChannelLimits Of(ChannelEntry entry) => new(entry);

    /// <summary>The windows in the periods of an instant; made anew only where a period has ended.</summary>
    public WindowClaim[] ClaimsAt(long instantMs)
    {
        if (_windows.Length == 0)
        {
            return [];
        }

        var period = _period;
        if (period is null || !period.Holds.Contains(instantMs))
        {
            period = PeriodAt(instantMs);
            _period = period;
        }

        return period.Claims;
    }

    private Period PeriodAt(long instantMs)
    {
        var claims = Array.ConvertAll(_windows, window => new WindowClaim(
            window.Name, window.Kind, window.Limit, window.Calendar.At(instantMs)));
        return new Period(claims, new QuotaPeriod(
            claims.Max(claim => claim.Period.StartMs), claims.Min(claim => claim.Period.EndMs)));
    }

    private sealed record Window(string Name, QuotaKind Kind, long Limit, WindowCalendar Calendar);

    private sealed record Period(WindowClaim[] Claims, QuotaPeriod Holds);
}
