using TokenHub.Core.Snapshots;

namespace TokenHub.Ledger.Prices;

/// <summary>A maker's list price as <c>prices.list_units</c> keeps it: one array, in the order of the rates.</summary>
public static class ListPriceColumn
{
    private const long NotGiven = -1;

    public static long[] Write(PriceEntry list) =>
    [
        list.Input,
        list.Output,
        list.CacheRead ?? NotGiven,
        list.CacheWrite5m ?? NotGiven,
        list.CacheWrite1h ?? NotGiven,
        list.Image ?? NotGiven,
        list.AudioMinute ?? NotGiven,
        list.Characters ?? NotGiven,
    ];

    /// <summary>Null for a price of which no list price is known.</summary>
    public static PriceEntry? Read(long[]? units) => units is null ? null : new PriceEntry
    {
        Id = 0,
        Model = "",
        Input = units[0],
        Output = units[1],
        CacheRead = Given(units[2]),
        CacheWrite5m = Given(units[3]),
        CacheWrite1h = Given(units[4]),
        Image = Given(units[5]),
        AudioMinute = Given(units[6]),
        Characters = Given(units[7]),
    };

    private static long? Given(long units) => units == NotGiven ? null : units;
}
