using System.Text.Json.Serialization;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Prices;

/// <summary>
/// What the model's maker asks of everybody: dollars for one million tokens, a picture, a minute of sound, a million
/// characters. Never charged; receipts tell what a call would have cost by it.
/// </summary>
internal record ListRates
{
    public required PricePerMillion Input { get; init; }
    public required PricePerMillion Output { get; init; }
    public PricePerMillion? CacheRead { get; init; }

    [JsonPropertyName("cache_write_5m")]
    public PricePerMillion? CacheWrite5m { get; init; }

    [JsonPropertyName("cache_write_1h")]
    public PricePerMillion? CacheWrite1h { get; init; }

    public PricePerMillion? Image { get; init; }
    public PricePerMillion? AudioMinute { get; init; }
    public PricePerMillion? Characters { get; init; }

    public static ListRates? Of(PriceEntry? entry) => entry is null ? null : new ListRates
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

/// <summary>A price that is a share of the maker's list price, whose rates are given here.</summary>
internal sealed record PutShareOfList : ListRates
{
    public const int Whole = 10_000;

    /// <summary>A name, a pattern such as <c>gpt-*</c>, or <c>*</c> for the default.</summary>
    public required string Model { get; init; }

    /// <summary>Left out: the price holds on every channel that has none of its own.</summary>
    public string? ChannelId { get; init; }

    /// <summary>
    /// In basis points: 6000 asks 60 % of the list price, each rate rounded half up at the eighth decimal.
    /// </summary>
    public required int ShareBp { get; init; }

    /// <summary>See <c>PutPrice</c>.</summary>
    public long? ContextTokens { get; init; }

    /// <summary>See <c>PutPrice</c>.</summary>
    public long? MaxOutputTokens { get; init; }

    public PutPrice ToPrice() => new()
    {
        Model = Model,
        ChannelId = ChannelId,
        Input = Share(Input),
        Output = Share(Output),
        CacheRead = Share(CacheRead),
        CacheWrite5m = Share(CacheWrite5m),
        CacheWrite1h = Share(CacheWrite1h),
        Image = Share(Image),
        AudioMinute = Share(AudioMinute),
        Characters = Share(Characters),
        ContextTokens = ContextTokens,
        MaxOutputTokens = MaxOutputTokens,
        List = Of(ToEntry()),
    };

    private PricePerMillion? Share(PricePerMillion? rate) => rate is { } known ? Share(known) : null;

    private PricePerMillion Share(PricePerMillion rate) =>
        new(new Usd((long)((((Int128)rate.Amount.Units * ShareBp) + (Whole / 2)) / Whole)));
}
