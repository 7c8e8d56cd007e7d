namespace TokenHub.Core.Money;

/// <summary>
/// One immutable price version: units (1e-8 dollars) per million tokens of each class. A cache price that was not given
/// equals the input price.
/// </summary>
public readonly record struct Tariff(
    long PriceVersion,
    long Input,
    long Output,
    long CacheRead,
    long CacheWrite5m,
    long CacheWrite1h)
{
    /// <summary>By what the prices are multiplied for this request.</summary>
    public PriceFactors Factors { get; init; }

    /// <summary>Units for one picture; null: pictures have no price of their own.</summary>
    public long? Image { get; init; }

    /// <summary>Units for one minute of sound; null: sound has no price of its own.</summary>
    public long? AudioMinute { get; init; }

    /// <summary>Units for a million characters of text read aloud; null: they have no price of their own.</summary>
    public long? Characters { get; init; }

    /// <summary>
    /// Highest price of anything (a million tokens, a picture, a minute) that is accepted: 100,000 dollars.
    /// </summary>
    public const long UnitsPerMillionMax = 100_000 * Usd.UnitsPerDollar;

    /// <summary>The dearest way one input token can be charged; holds are made at this price.</summary>
    public long InputWorst => Math.Max(Math.Max(Input, CacheRead), Math.Max(CacheWrite5m, CacheWrite1h));
}
