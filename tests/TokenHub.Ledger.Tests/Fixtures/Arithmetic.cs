using System.Globalization;
using System.Numerics;
using TokenHub.Core.Money;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>
/// Does a receipt's arithmetic again with nothing but its text: exact fractions, and one rounding at the end.
/// </summary>
internal sealed class Arithmetic
{
    private readonly string _text;
    private int _at;

    private Arithmetic(string text) => _text = text.Replace(" ", "", StringComparison.Ordinal);

    /// <summary>What the left side comes to; asserts that the right side says the same.</summary>
    public static Usd Recompute(string formula)
    {
        var sides = formula.Split('=');
        var (left, right) = (new Arithmetic(sides[0]), new Arithmetic(sides[1]));
        var (value, told) = (left.Sum(), right.Sum());
        Assert.Equal(left._text.Length, left._at);

        // Half up at the eighth decimal.
        var (top, bottom) = (value.Top * Usd.UnitsPerDollar, value.Bottom);
        var units = (long)(((top * 2) + bottom) / (bottom * 2));
        Assert.Equal(units, (long)(told.Top * Usd.UnitsPerDollar / told.Bottom));
        return new Usd(units);
    }

    private (BigInteger Top, BigInteger Bottom) Sum()
    {
        var sum = Product();
        while (Take('+'))
        {
            var next = Product();
            sum = ((sum.Top * next.Bottom) + (next.Top * sum.Bottom), sum.Bottom * next.Bottom);
        }

        return sum;
    }

    private (BigInteger Top, BigInteger Bottom) Product()
    {
        var product = Value();
        while (_at < _text.Length && _text[_at] is '*' or '/')
        {
            var divides = _text[_at++] == '/';
            var next = Value();
            product = divides
                ? (product.Top * next.Bottom, product.Bottom * next.Top)
                : (product.Top * next.Top, product.Bottom * next.Bottom);
        }

        return product;
    }

    private (BigInteger Top, BigInteger Bottom) Value()
    {
        if (_text.AsSpan(_at).StartsWith("max("))
        {
            _at += 4;
            var (one, _) = (Sum(), Take(','));
            var other = Sum();
            Take(')');
            return one.Top * other.Bottom >= other.Top * one.Bottom ? one : other;
        }

        if (Take('('))
        {
            var inner = Sum();
            Assert.True(Take(')'));
            return inner;
        }

        var start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] == '.'))
        {
            _at++;
        }

        var number = _text[start.._at];
        var decimals = number.Contains('.') ? number.Length - number.IndexOf('.') - 1 : 0;
        var digits = number.Replace(".", "", StringComparison.Ordinal);
        return (BigInteger.Parse(digits, CultureInfo.InvariantCulture), BigInteger.Pow(10, decimals));
    }

    private bool Take(char c)
    {
        var isThere = _at < _text.Length && _text[_at] == c;
        _at += isThere ? 1 : 0;
        return isThere;
    }
}
