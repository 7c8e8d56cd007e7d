using System.Text.Json;
using TokenHub.ControlPlane.Channels;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Quota;

/// <summary>Turns what a channel's columns say of its quota into what gateways are told.</summary>
internal static class WindowEntries
{
    public static IReadOnlyList<WindowEntry> Read(string windows, Usd point) => [.. JsonSerializer
        .Deserialize(windows, ApiJsonContext.Default.IReadOnlyListQuotaWindow)!.Select(window => Of(window, point))];

    public static FireSaleEntry? ReadFireSale(string? json) => ReadSale(json) is { } sale
        ? new FireSaleEntry
        {
            BeforeEndSeconds = sale.BeforeEndSeconds,
            LeastLeftBp = sale.LeastLeftBp ?? 0,
            WeightFactorBp = sale.WeightFactorBp ?? PriceFactors.Once,
            PriceFactorBp = sale.PriceFactorBp ?? PriceFactors.Once,
        }
        : null;

    public static SurgeEntry? ReadSurge(string? json) =>
        ReadSurgeView(json) is { } surge ? new SurgeEntry { FactorMaxBp = surge.FactorMaxBp } : null;

    public static FireSale? ReadSale(string? json) =>
        json is null ? null : JsonSerializer.Deserialize(json, ApiJsonContext.Default.FireSale);

    public static Surge? ReadSurgeView(string? json) =>
        json is null ? null : JsonSerializer.Deserialize(json, ApiJsonContext.Default.Surge);

    /// <summary>Points as dollars, at what one of them is worth.</summary>
    public static Usd ToUsd(Usd points, Usd point) => Scaled(points, point.Units, Usd.UnitsPerDollar);

    public static Usd ToPoints(Usd amount, Usd point) => Scaled(amount, Usd.UnitsPerDollar, point.Units);

    private static WindowEntry Of(QuotaWindow window, Usd point) => new()
    {
        Kind = window.LimitTokens is not null ? QuotaKind.Tokens
            : window.LimitRequests is not null ? QuotaKind.Requests
            : QuotaKind.Money,
        Limit = window.LimitTokens ?? window.LimitRequests ?? window.LimitUsd?.Units
            ?? ToUsd(window.LimitPoints ?? Usd.Zero, point).Units,
        Unit = window.PeriodUnit switch
        {
            "minute" => PeriodUnit.Minute,
            "hour" => PeriodUnit.Hour,
            "day" => PeriodUnit.Day,
            "week" => PeriodUnit.Week,
            _ => PeriodUnit.Month,
        },
        Count = window.PeriodCount ?? 1,
        AnchorMs = window.AnchorAt is { } anchor
            ? new DateTimeOffset(DateTime.SpecifyKind(anchor, DateTimeKind.Utc)).ToUnixTimeMilliseconds()
            : null,
        Timezone = window.Timezone ?? "UTC",
    };

    private static Usd Scaled(Usd amount, long by, long of) => new(
        (long)Int128.Clamp((((Int128)amount.Units * by) + (of / 2)) / of, -Usd.ScriptUnitsMax, Usd.ScriptUnitsMax));
}
