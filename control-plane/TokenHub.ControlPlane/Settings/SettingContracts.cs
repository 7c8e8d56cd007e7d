using TokenHub.ControlPlane.Prices;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Settings;

/// <summary>Settings that hold for the whole installation and apply without a restart.</summary>
internal sealed record SettingsView
{
    /// <summary>Price of last resort; null: a model without a price is refused.</summary>
    public required PriceRates? FallbackPrice { get; init; }

    /// <summary>What one point of a quota window is worth in USD.</summary>
    public required Usd PointUsd { get; init; }
}

/// <summary>A change of settings; those that are left out stay.</summary>
internal sealed record UpdateSettings
{
    public PriceRates? FallbackPrice { get; init; }

    /// <summary>Null: a dollar.</summary>
    public Usd? PointUsd { get; init; }
}
