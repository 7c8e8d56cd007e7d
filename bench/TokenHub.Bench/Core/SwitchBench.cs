using BenchmarkDotNet.Attributes;
using TokenHub.Core.Routing;

namespace TokenHub.Bench.Core;

/// <summary>Whether a conversation should leave its channel for another.</summary>
public class SwitchBench
{
    private readonly SwitchTerms _call = new(60_000, 800, 55_000, 10_000, 3_600_000_000);
    private readonly ChannelTerms _bound = new(375_000_000, 30_000_000, 1_500_000_000, 4_000, 120, 2_000);
    private readonly ChannelTerms _other = new(375_000_000, 30_000_000, 1_500_000_000, 900, 15, 2_000);

    [Benchmark]
    public bool IsWorthLeaving() => SwitchPrice.IsWorthLeaving(_call, _bound, _other);
}
