using BenchmarkDotNet.Attributes;
using TokenHub.Core.Money;
using TokenHub.Core.Usage;

namespace TokenHub.Bench.Core;

/// <summary>Amounts as text, and the price of a request.</summary>
public class MoneyBench
{
    private readonly byte[] _text = new byte[UsdText.BytesMax];
    private readonly Usd _amount = new(123_456_789_012);
    private readonly string _written = "1234.56789012";
    private readonly Tariff _tariff = Samples.Tariff;
    private readonly TokenUsage _usage = Samples.Usage;

    [Benchmark]
    public int WriteAmount() => UsdText.Write(_amount, _text);

    [Benchmark]
    public Usd ReadAmount() => UsdText.TryParse(_written, out var amount) ? amount : default;

    [Benchmark]
    public Usd Cost() => TariffMath.Cost(_tariff, _usage);

    [Benchmark]
    public Usd Hold() => TariffMath.Hold(_tariff, 1834, 512);
}
