using System.Text.Json.Serialization;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Prices;

/// <summary>
/// Dollars for one million tokens of each class; a cache price that is not given equals the input price. What is not
/// measured in tokens has prices of its own, and all that are given add up: a model that is priced by the picture, the
/// minute or the character has <c>input</c> and <c>output</c> of 0.
/// </summary>
internal record Rates
{
    public required PricePerMillion Input { get; init; }
    public required PricePerMillion Output { get; init; }
    public PricePerMillion? CacheRead { get; init; }

    [JsonPropertyName("cache_write_5m")]
    public PricePerMillion? CacheWrite5m { get; init; }

    [JsonPropertyName("cache_write_1h")]
    public PricePerMillion? CacheWrite1h { get; init; }

    /// <summary>
    /// Dollars for one picture made. Null: pictures are not priced so, and image models that report no tokens refused.
    /// </summary>
    public PricePerMillion? Image { get; init; }

    /// <summary>
    /// Dollars for one minute of sound heard or made. Null: sound is not priced so, and models that report no tokens
    /// refused.
    /// </summary>
    public PricePerMillion? AudioMinute { get; init; }

    /// <summary>Dollars for one million characters of text read aloud. Null: not priced so.</summary>
    public PricePerMillion? Characters { get; init; }

    public static Rates? Of(PriceEntry? entry) => entry is null ? null : new Rates
    {
        Input = PricePerMillion.Of(entry.Input),
        Output = PricePerMillion.Of(entry.Output),
        CacheRead = PricePerMillion.Of(entry.CacheRead),
        CacheWrite5m = PricePerMillion.Of(entry.CacheWrite5m),
        CacheWrite1h = PricePerMillion.Of(entry.CacheWrite1h),
        Image = PricePerMillion.Of(entry.Image),
        AudioMinute = PricePerMillion.Of(entry.AudioMinute),
        Characters = PricePerMillion.Of(entry.Characters),
    };

    public PriceEntry ToEntry() => new()
    {
        Id = 0,
        Model = "",
        Input = Input.Amount.Units,
        Output = Output.Amount.Units,
        CacheRead = CacheRead?.Amount.Units,
        CacheWrite5m = CacheWrite5m?.Amount.Units,
        CacheWrite1h = CacheWrite1h?.Amount.Units,
        Image = Image?.Amount.Units,
        AudioMinute = AudioMinute?.Amount.Units,
        Characters = Characters?.Amount.Units,
    };
}
