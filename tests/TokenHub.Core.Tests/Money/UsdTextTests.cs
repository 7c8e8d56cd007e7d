using TokenHub.Core.Money;
using Xunit;

namespace TokenHub.Core.Tests.Money;

public sealed class UsdTextTests
{
    [Theory]
    [InlineData(0, "0.00000000")]
    [InlineData(1, "0.00000001")]
    [InlineData(-1, "-0.00000001")]
    [InlineData(100_000_000, "1.00000000")]
    [InlineData(123_456_789_012, "1234.56789012")]
    [InlineData(long.MaxValue, "92233720368.54775807")]
    [InlineData(long.MinValue, "-92233720368.54775808")]
    public void An_amount_is_written_with_eight_decimals(long units, string text) =>
        Assert.Equal(text, new Usd(units).ToString());

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 100_000_000)]
    [InlineData("0.1", 10_000_000)]
    [InlineData("0.00000001", 1)]
    [InlineData("00012.5", 1_250_000_000)]
    [InlineData("90071992.54740991", 9_007_199_254_740_991)]
    public void Plain_decimal_text_is_read(string text, long units)
    {
        Assert.True(UsdText.TryParse(text, out var amount));
        Assert.Equal(units, amount.Units);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("1 ")]
    [InlineData(" 1")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("-0")]
    [InlineData("--1")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("1.2.3")]
    [InlineData("1,000")]
    [InlineData("1_000")]
    [InlineData("1e3")]
    [InlineData("1E3")]
    [InlineData("1e400")]
    [InlineData("0x10")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("$1")]
    [InlineData("1$")]
    [InlineData("１")]
    [InlineData("٣")]
    [InlineData("1\u00a0")]
    [InlineData("1\0")]
    [InlineData("1\n")]
    [InlineData("0.000000001")]
    [InlineData("0.123456789")]
    [InlineData("90071992.54740992")]
    [InlineData("92233720368.54775808")]
    [InlineData("99999999999")]
    [InlineData("1000000000000000000000000")]
    public void Anything_else_is_refused(string text) => Assert.False(UsdText.TryParse(text, out _));

    [Fact]
    public void A_negative_amount_is_read_only_where_it_is_allowed()
    {
        Assert.True(UsdText.TryParse("-1.5", out var amount, allowNegative: true));
        Assert.Equal(-150_000_000, amount.Units);
        Assert.False(UsdText.TryParse("-0.0", out _, allowNegative: true));
    }

    [Fact]
    public void Text_and_amount_are_the_same_thing_over_random_amounts()
    {
        var random = new Random(20261121);
        for (var i = 0; i < 100_000; i++)
        {
            var amount = new Usd(random.NextInt64(Usd.ScriptUnitsMax) >> random.Next(53));
            Assert.True(UsdText.TryParse(amount.ToString(), out var read));
            Assert.Equal(amount, read);
        }
    }

    [Fact]
    public void Arithmetic_that_overflows_stops()
    {
        Assert.Throws<OverflowException>(() => new Usd(long.MaxValue) + new Usd(1));
        Assert.Throws<OverflowException>(() => new Usd(long.MinValue) - new Usd(1));
        Assert.Throws<OverflowException>(() => -new Usd(long.MinValue));
    }
}
