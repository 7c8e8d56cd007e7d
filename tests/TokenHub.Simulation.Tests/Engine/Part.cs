namespace TokenHub.Simulation.Tests.Engine;

/// <summary>A process that may die at any moment: what it was about to do then never happens.</summary>
internal abstract class Part(string name, Schedule schedule, Network network)
{
    private int _incarnation;

    public string Name => name;

    public bool IsUp { get; private set; }

    protected Schedule Sim => schedule;

    protected Network Net => network;

    public virtual void Start()
    {
        IsUp = true;
        _incarnation++;
    }

    /// <summary>kill -9.</summary>
    public virtual void Kill()
    {
        IsUp = false;
        _incarnation++;
    }

    public override string ToString() => name;

    /// <summary>Happens unless this life has ended by then.</summary>
    protected void After(long delayMs, Action happen)
    {
        var life = _incarnation;
        schedule.After(delayMs, () =>
        {
            if (_incarnation == life)
            {
                happen();
            }
        });
    }

    protected void Every(long periodMs, Action happen) => After(schedule.Between(1, periodMs), () => Again(happen, periodMs));

    /// <summary>
    /// Asks another part, which works at the moment the message arrives; an answer of null is never sent. One of both
    /// ends comes, the answer or the time-out, and the work may have been done in any case, or twice.
    /// </summary>
    protected void Ask<TAnswer>(
        Part other, Func<TAnswer?> work, Action<TAnswer> onAnswer, Action onTimeout, long timeoutMs = 250)
        where TAnswer : class
    {
        var life = _incarnation;
        var isDone = false;
        network.Send(this, other, () =>
        {
            if (other.IsUp && work() is { } answer)
            {
                network.Send(other, this, () => End(() => onAnswer(answer)));
            }
        });
        schedule.After(timeoutMs, () => End(onTimeout));

        void End(Action end)
        {
            if (!isDone && _incarnation == life)
            {
                isDone = true;
                end();
            }
        }
    }

    private void Again(Action happen, long periodMs)
    {
        happen();
        After(periodMs, () => Again(happen, periodMs));
    }
}
