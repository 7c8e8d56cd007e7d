namespace TokenHub.Simulation.Tests.Engine;

/// <summary>Carries messages, and loses, delays, repeats and reorders them as long as it is told to.</summary>
internal sealed class Network(Schedule schedule)
{
    private const int UsualDelayMs = 4;
    private readonly HashSet<(Part From, Part To)> _cut = [];

    public double Loss { get; set; }

    public double Repeat { get; set; }

    /// <summary>Share of messages that come seconds late.</summary>
    public double Late { get; set; }

    public void Cut(Part from, Part to) => _cut.Add((from, to));

    public void Join(Part from, Part to) => _cut.Remove((from, to));

    public void Heal()
    {
        _cut.Clear();
        (Loss, Repeat, Late) = (0, 0, 0);
    }

    public void Send(Part from, Part to, Action deliver)
    {
        if (schedule.Chance(Loss))
        {
            return;
        }

        if (_cut.Contains((from, to)))
        {
            // What a partition holds up is lost, or comes when nobody waits for it any more.
            if (schedule.Chance(0.2))
            {
                schedule.After(schedule.Between(1_000, 15_000), deliver);
            }

            return;
        }

        schedule.After(Delay(), deliver);
        if (schedule.Chance(Repeat))
        {
            schedule.After(Delay() + schedule.Between(0, 300), deliver);
        }
    }

    private long Delay() => schedule.Chance(Late)
        ? schedule.Between(100, 5_000)
        : schedule.Between(1, UsualDelayMs);
}
