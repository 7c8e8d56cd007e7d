namespace TokenHub.Core.Money;

/// <summary>
/// By what a price is multiplied, in basis points (10,000 is once): the group's own factor, what scarcity adds, what an
/// owner takes off before his quota lapses. Fixed when the money is held, and part of the receipt.
/// </summary>
public readonly record struct PriceFactors
{
    /// <summary>A factor of one.</summary>
    public const int Once = 10_000;

    /// <summary>Highest single factor: ten times.</summary>
    public const int Max = 10 * Once;

    // Kept as differences from one, so that the default changes nothing.
    private readonly int _group;
    private readonly int _surge;
    private readonly int _fireSale;

    public PriceFactors(int groupBp = Once, int surgeBp = Once, int fireSaleBp = Once)
    {
        (_group, _surge, _fireSale) = (Checked(groupBp), Checked(surgeBp), Checked(fireSaleBp));
    }

    public int GroupBp => _group + Once;

    public int SurgeBp => _surge + Once;

    public int FireSaleBp => _fireSale + Once;

    public bool IsOne => this == default;

    /// <summary>The factors multiplied, against <see cref="Whole"/> for one.</summary>
    internal long Product => (long)GroupBp * SurgeBp * FireSaleBp;

    internal const long Whole = (long)Once * Once * Once;

    private static int Checked(int bp)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bp, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bp, Max);
        return bp - Once;
    }
}
