using System.Diagnostics;
using System.Globalization;
using TokenHub.Ledger.Tests.Fixtures;

namespace TokenHub.Ledger.Tests.Fuzz;

/// <summary>
/// Random sequences of everything that moves money, held against a model after each operation: balances, versions, what
/// keys have spent, the sum of zero, and that what is refused changes nothing. The seed of a sequence is in its
/// failure.
/// </summary>
[Trait("needs", "postgres")]
[Collection("alone")]
public sealed class LedgerFuzzTests(LedgerServers servers)
{
    private const int Operations = 40;

    // A check of everything reads everything: a ledger of its own for so many keeps it from growing with the square.
    private const int SequencesPerLedger = 100;
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(30);

    [Fact]
    public Task Slice_of_random_sequences_keeps_every_invariant() => RunAsync(int.MaxValue, Slice, firstSeed: 1);

    /// <summary>
    /// The long run: <c>-explicit only</c>. <c>TOKENHUB_TEST_FUZZ_FIRST=n</c> begins at another seed, and
    /// <c>TOKENHUB_TEST_FUZZ_SEQUENCES=n</c> makes so many: a part of the run, or one seed again.
    /// </summary>
    [Fact(Explicit = true)]
    public Task Ten_thousand_random_sequences_keep_every_invariant() =>
        RunAsync(Asked("SEQUENCES") ?? 10_000, Timeout.InfiniteTimeSpan, Asked("FIRST") ?? 1_000_000);

    /// <summary>It takes every processor for as long as it runs: nothing else may run beside it.</summary>
    [CollectionDefinition("alone", DisableParallelization = true)]
    public sealed class Alone;

    private static int? Asked(string name) => int.TryParse(
        Environment.GetEnvironmentVariable($"TOKENHUB_TEST_FUZZ_{name}"), CultureInfo.InvariantCulture, out var asked)
        ? asked
        : null;

    private async Task RunAsync(int sequences, TimeSpan within, int firstSeed)
    {
        var clock = Stopwatch.StartNew();
        var begun = 0;
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, Math.Max(1, Environment.ProcessorCount)).Select(_ => Task.Run(async () =>
        {
            while (HasMore())
            {
                await using var bank = await Bank.OpenAsync(servers, isHasty: true);
                for (var i = 0; i < SequencesPerLedger && HasMore(); i++)
                {
                    var seed = firstSeed + Interlocked.Increment(ref begun) - 1;
                    if (seed - firstSeed < sequences)
                    {
                        await FuzzSequence.RunAsync(bank, seed, Operations);
                        Interlocked.Increment(ref done);
                    }
                }

                await bank.AssertSoundAsync();
            }
        })));

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{done} sequences of {Operations} operations in {clock.Elapsed.TotalSeconds:0} s");
        Assert.True(done >= Math.Min(10, sequences), $"only {done} sequences");

        bool HasMore() => Volatile.Read(ref begun) < sequences && (within < TimeSpan.Zero || clock.Elapsed < within);
    }
}
