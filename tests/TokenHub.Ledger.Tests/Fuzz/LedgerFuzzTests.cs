using System.Diagnostics;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Fuzz;

/// <summary>
/// Random sequences of everything that moves money, held against a model after each operation: balances, versions, what
/// keys have spent, the sum of zero, and that what is refused changes nothing. The seed of a sequence is in its
/// failure.
/// </summary>
[Trait("needs", "postgres")]
public sealed class LedgerFuzzTests(LedgerServers servers)
{
    private const int Operations = 40;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(30);

    [Fact]
    public Task Slice_of_random_sequences_keeps_every_invariant() => RunAsync(int.MaxValue, Slice, firstSeed: 1);

    /// <summary>The long run: <c>-explicit only</c>.</summary>
    [Fact(Explicit = true)]
    public Task Ten_thousand_random_sequences_keep_every_invariant() =>
        RunAsync(10_000, Timeout.InfiniteTimeSpan, firstSeed: 1_000_000);

    private async Task RunAsync(int sequences, TimeSpan within, int firstSeed)
    {
        await using var bank = await Bank.OpenAsync(servers);
        var clock = Stopwatch.StartNew();
        var done = 0;
        while (done < sequences && (within < TimeSpan.Zero || clock.Elapsed < within))
        {
            await FuzzSequence.RunAsync(bank, firstSeed + done, Operations);
            if (++done % 100 == 0)
            {
                await bank.AssertSoundAsync();
            }
        }

        await bank.AssertSoundAsync();
        TestContext.Current.TestOutputHelper!.WriteLine($"{done} sequences of {Operations} operations");
        Assert.True(done >= 10, $"only {done} sequences");
    }
}
