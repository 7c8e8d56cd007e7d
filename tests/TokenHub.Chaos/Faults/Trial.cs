using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults;

/// <summary>One playing of one fault: its rig, its chances, and what was seen.</summary>
internal sealed class Trial(Rig rig, int seed, bool isLong, CancellationToken cancel)
{
    private const int RepeatsMax = 2;

    private readonly List<string> _failures = [];
    private readonly List<string> _notes = [];

    public Rig Rig => rig;

    public Random Random { get; } = new(seed);

    /// <summary>The long profile plays the times that the fault table names; the short one a part of them.</summary>
    public bool IsLong => isLong;

    public CancellationToken Cancel => cancel;

    public IReadOnlyList<string> Failures => _failures;

    public IReadOnlyList<string> Notes => _notes;

    public int Pick(int shortly, int longly) => isLong ? longly : shortly;

    public Task PauseAsync(int milliseconds) => Task.Delay(milliseconds, cancel);

    /// <summary>A random pause, so that the moment of a fault differs from seed to seed.</summary>
    public Task PauseAsync(int least, int most) => Task.Delay(Random.Next(least, most), cancel);

    public void Expect(bool holds, string what)
    {
        if (!holds)
        {
            lock (_failures)
            {
                _failures.Add(what);
            }
        }
    }

    public void Note(string text)
    {
        lock (_notes)
        {
            _notes.Add(text);
        }
    }

    /// <summary>Polls; says false when it does not come in time.</summary>
    public async Task<bool> WaitAsync(Func<Task<bool>> condition, TimeSpan within)
    {
        var until = Environment.TickCount64 + (long)within.TotalMilliseconds;
        while (!await condition())
        {
            if (Environment.TickCount64 > until)
            {
                return false;
            }

            await Task.Delay(25, cancel);
        }

        return true;
    }

    public Task<bool> WaitAsync(Func<bool> condition, TimeSpan within) =>
        WaitAsync(() => Task.FromResult(condition()), within);

    /// <summary>A call of a payer who has money; by whom and how is the fault's to say.</summary>
    public Task<Receipt> CallAsync(int gateway, Func<Errand, Errand>? shape = null)
    {
        var errand = rig.ProbeErrand();
        return rig.Swarm.CallAsync(gateway, shape is null ? errand : shape(errand), cancel);
    }

    /// <summary>
    /// A call that has to be served. Redis may stand still for a moment, which is no doing of the fault: refused for
    /// that alone, it is repeated, as the answer asks.
    /// </summary>
    public async Task<Receipt> ServedCallAsync(int gateway, Func<Errand, Errand>? shape = null)
    {
        var receipt = await CallAsync(gateway, shape);
        for (var repeats = 0; repeats < RepeatsMax && WasNotChecked(receipt); repeats++)
        {
            Note($"{receipt.Model} was repeated");
            await PauseAsync(200);
            receipt = await CallAsync(gateway, shape);
        }

        return receipt;
    }

    /// <summary>Works on a part that another fault of the same run may want as well.</summary>
    public static async Task AloneAsync(SemaphoreSlim gate, Func<Task> work)
    {
        await gate.WaitAsync();
        try
        {
            await work();
        }
        finally
        {
            gate.Release();
        }
    }

    private static bool WasNotChecked(Receipt receipt) => receipt is { Status: 503, HasRetryAfter: true }
        && receipt.Tail.Contains("The balance cannot be checked at the moment", StringComparison.Ordinal);
}
