using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults;

/// <summary>
/// Holds that a trial has left to the reaper, each with the moment by which it has to be gone. Other trials go on
/// meanwhile, because waiting for the reaper after each of them would take most of a run.
/// </summary>
internal sealed class Debts(TimeSpan patience)
{
    private readonly List<(string Id, IReadOnlyList<string> Rids, long UntilMs)> _open = [];

    /// <summary>How long a trial waits by itself.</summary>
    public TimeSpan Patience => patience;

    /// <summary>Every hold that is left to the reaper now.</summary>
    public IReadOnlySet<string> Known => _open.SelectMany(debt => debt.Rids).ToHashSet();

    public void Add(string id, IReadOnlyList<string> rids) =>
        _open.Add((id, rids, Environment.TickCount64 + (long)Checklist.QuietWithin.TotalMilliseconds));

    /// <summary>Waits until each is gone or its time is over; says what is still held.</summary>
    public async Task<IReadOnlyList<string>> CollectAsync(Rig rig, bool isWhole, CancellationToken cancel)
    {
        while (_open.Count > 0)
        {
            var held = (await I06NothingHeld.HeldAsync(rig)).ToHashSet();
            _open.RemoveAll(debt => !debt.Rids.Any(held.Contains));
            if (_open.Find(debt => debt.UntilMs < Environment.TickCount64) is { Id: not null } late)
            {
                _open.Clear();
                return [$"I6 {late.Id} left holds that outlived 120 s: {string.Join(' ', late.Rids.Where(held.Contains))}"];
            }

            await Task.Delay(250, cancel);
        }

        if (!isWhole)
        {
            return [];
        }

        // Now that nothing is left to wait for, every sum has to be zero as well.
        return (await Checklist.RestAsync(rig, Checklist.QuietWithin, new HashSet<string>(), cancel)).Wrong;
    }
}
