using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;

namespace TokenHub.ControlPlane.Prices;

/// <summary>A price that is a share of the maker's list price, whose rates are given here.</summary>
internal sealed record PutShareOfList : Rates
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
