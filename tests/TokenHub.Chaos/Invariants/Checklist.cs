using System.Diagnostics;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Invariants;

/// <summary>How a run came to rest.</summary>
/// <param name="Wrong">What was not at rest when time was up.</param>
/// <param name="Held">Requests whose holds are left to the reaper.</param>
/// <param name="Last">What was waited for in the end.</param>
internal sealed record Rest(
    TimeSpan Took, IReadOnlyList<string> Wrong, IReadOnlyList<string> Held, IReadOnlyList<string> Last);

/// <summary>All invariants, in order; some of them hold only once everything has come to rest.</summary>
internal static class Checklist
{
    /// <summary>The longest that anything may stay open after the last request.</summary>
    public static readonly TimeSpan QuietWithin = TimeSpan.FromSeconds(120);

    private const int LookEveryMs = 250;
    private const int QuietLooks = 2;

    private static readonly IInvariant[] Resting = [new I06NothingHeld(), new I07BalancesAgree(), new I10LogsAreDrained()];

    private static readonly IInvariant[] All =
    [
        new I01SumIsZero(), new I02BalancesArePostings(), new I03ServedIsBilled(), new I04BilledWasServed(),
        new I05OverdraftBound(), new I08ToldIsBilled(), new I09PartsAreWhole(), new I11NoSecretOutside(),
    ];

    /// <summary>
    /// Waits for rest and says how long it took and what was still not at rest at the end. Once patience is over,
    /// holds alone are handed back as such: the reaper has to give them back before their time is over.
    /// </summary>
    /// <param name="known">Holds that an earlier trial has left already: nobody waits for them here.</param>
    public static async Task<Rest> RestAsync(
        Rig rig, TimeSpan patience, IReadOnlySet<string> known, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        IReadOnlyList<string> last = [];
        var quiet = 0;
        while (true)
        {
            var wrong = await RunAsync(Resting, rig);
            if (clock.Elapsed > QuietWithin)
            {
                return new Rest(clock.Elapsed, wrong, [], last);
            }

            // A look takes key by key: what moves from one to another meanwhile may be seen in neither. So it takes
            // two.
            var isOfHolds = wrong.All(I06NothingHeld.IsOfHold);
            List<string> held = wrong.Count > 0 && isOfHolds
                ? [.. (await I06NothingHeld.HeldAsync(rig)).Where(rid => !known.Contains(rid))] : [];
            var isQuiet = wrong.Count == 0 || (isOfHolds && held.Count == 0 && known.Count > 0);
            quiet = isQuiet ? quiet + 1 : 0;
            if (quiet == QuietLooks || (isOfHolds && held.Count > 0 && clock.Elapsed > patience))
            {
                return new Rest(clock.Elapsed, [], held, last);
            }

            last = wrong;
            await Task.Delay(LookEveryMs, cancel);
        }
    }

    public static Task<IReadOnlyList<string>> CheckAsync(Rig rig) => RunAsync(All, rig);

    private static async Task<IReadOnlyList<string>> RunAsync(IEnumerable<IInvariant> invariants, Rig rig)
    {
        var evidence = await Evidence.GatherAsync(rig);
        var wrong = new List<string>();
        foreach (var invariant in invariants)
        {
            var found = await invariant.CheckAsync(evidence);
            wrong.AddRange(found.Select(line => $"{invariant.Name} {line}"));
        }

        return wrong;
    }
}
