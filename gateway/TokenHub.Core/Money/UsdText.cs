using System.Buffers.Text;

namespace TokenHub.Core.Money;

/// <summary>
/// Reads and writes amounts as decimal text. No sign other than a leading minus, no exponent, no grouping.
/// </summary>
public static class UsdText
{
    /// <summary>Longest text written: sign, 11 digits, point, 8 digits.</summary>
    public const int BytesMax = 24;

    private const int Decimals = 8;

    /// <summary>Writes the amount with eight decimals and returns the number of bytes.</summary>
    public static int Write(Usd amount, Span<byte> destination)
    {
        var at = 0;
        if (amount.Units < 0)
        {
            destination[at++] = (byte)'-';
        }

        var magnitude = UInt128.CreateTruncating(amount.Units < 0 ? -(Int128)amount.Units : amount.Units);
        var whole = (ulong)(magnitude / Usd.UnitsPerDollar);
        var fraction = (ulong)(magnitude % Usd.UnitsPerDollar);
        Utf8Formatter.TryFormat(whole, destination[at..], out var written);
        at += written;
        destination[at++] = (byte)'.';
        for (var i = Decimals - 1; i >= 0; i--)
        {
            destination[at + i] = (byte)('0' + (fraction % 10));
            fraction /= 10;
        }

        return at + Decimals;
    }

    /// <summary>
    /// Reads plain decimal text: digits, optionally a point and one to eight decimals, optionally a leading minus where
    /// <paramref name="allowNegative"/> says so. Anything else (plus sign, exponent, blanks, a ninth decimal, foreign
    /// digits) is refused, and so is a magnitude above <see cref="Usd.ScriptUnitsMax"/>.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Usd amount, bool allowNegative = false)
    {
        amount = default;
        var negative = text.Length > 0 && text[0] == '-';
        if (negative && !allowNegative)
        {
            return false;
        }

        var digits = negative ? text[1..] : text;
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? default : digits[(point + 1)..];
        if (whole.IsEmpty || (point >= 0 && fraction.IsEmpty) || fraction.Length > Decimals || whole.Length > 10)
        {
            return false;
        }

        long units = 0;
        if (!Accumulate(whole, ref units) || !Accumulate(fraction, ref units))
        {
            return false;
        }

        for (var i = fraction.Length; i < Decimals; i++)
        {
            units *= 10;
        }

        // Minus zero is refused: it is never what a caller meant to send.
        if (units > Usd.ScriptUnitsMax || (negative && units == 0))
        {
            return false;
        }

        amount = new Usd(negative ? -units : units);
        return true;
    }

    private static bool Accumulate(ReadOnlySpan<char> digits, ref long units)
    {
        foreach (var c in digits)
        {
            if (c is < '0' or > '9')
            {
                return false;
            }

            units = (units * 10) + (c - '0');
        }

        return true;
    }
}
