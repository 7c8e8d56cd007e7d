namespace TokenHub.Core.Money;

/// <summary>An amount of money: a signed count of 0.00000001 US dollars. All arithmetic is checked.</summary>
/// <remarks>
/// Lua numbers are doubles, so an amount that a Redis script may see stays within <see cref="ScriptUnitsMax"/>.
/// </remarks>
public readonly record struct Usd(long Units) : IComparable<Usd>
{
    /// <summary>Units in one dollar.</summary>
    public const long UnitsPerDollar = 100_000_000;

    /// <summary>
    /// The largest magnitude a Redis script can hold exactly: 2^53 - 1 units, 90,071,992.54740991 dollars.
    /// </summary>
    public const long ScriptUnitsMax = (1L << 53) - 1;

    public static Usd Zero => default;

    /// <summary>True when the amount is neither negative nor beyond what a Redis script holds exactly.</summary>
    public bool IsScriptAmount => Units is >= 0 and <= ScriptUnitsMax;

    public static Usd FromDollars(long dollars) => new(checked(dollars * UnitsPerDollar));

    public static Usd operator +(Usd left, Usd right) => new(checked(left.Units + right.Units));

    public static Usd operator -(Usd left, Usd right) => new(checked(left.Units - right.Units));

    public static Usd operator -(Usd value) => new(checked(-value.Units));

    public static bool operator <(Usd left, Usd right) => left.Units < right.Units;

    public static bool operator >(Usd left, Usd right) => left.Units > right.Units;

    public static bool operator <=(Usd left, Usd right) => left.Units <= right.Units;

    public static bool operator >=(Usd left, Usd right) => left.Units >= right.Units;

    public static Usd Max(Usd left, Usd right) => left.Units >= right.Units ? left : right;

    public static Usd Min(Usd left, Usd right) => left.Units <= right.Units ? left : right;

    public int CompareTo(Usd other) => Units.CompareTo(other.Units);

    /// <summary>The amount with exactly eight decimals, as it stands on every wire: <c>-12.00000001</c>.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[UsdText.BytesMax];
        var length = UsdText.Write(this, text);
        return System.Text.Encoding.ASCII.GetString(text[..length]);
    }
}
