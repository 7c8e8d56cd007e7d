using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels;

/// <summary>A channel in a plan, with the price factors that held when the plan was made.</summary>
internal readonly record struct RouteStep(Candidate Candidate, PriceFactors Factors)
{
    /// <summary>The price that a call here is held and charged at.</summary>
    public Tariff Tariff => Candidate.Tariff with { Factors = Factors };
}

/// <summary>The channels that may serve one request, in the order in which they are tried, and why.</summary>
internal sealed class RoutePlan
{
    private readonly RouteStep[] _steps = new RouteStep[RoutingRules.AttemptsLimit];
    private uint _tried;

    public int Count { get; private set; }

    /// <summary>There is a step that no attempt has taken yet.</summary>
    public bool HasUntried => _tried != (1u << Count) - 1;

    public RouteTrace Trace { get; set; }

    /// <summary>The group whose rules hold for the request, or null.</summary>
    public GroupEntry? Group { get; set; }

    /// <summary>How long the request has stood in line. Written by the admission.</summary>
    public int QueuedMs { get; set; }

    public ReadOnlySpan<RouteStep> Steps => _steps.AsSpan(0, Count);

    public ref readonly RouteStep this[int index] => ref _steps[index];

    public void Add(in RouteStep step)
    {
        if (Count < _steps.Length)
        {
            _steps[Count++] = step;
        }
    }

    /// <summary>Keeps only the first steps.</summary>
    public void Cut(int count) => Count = Math.Min(Count, count);

    public bool IsTried(int step) => (_tried & (1u << step)) != 0;

    /// <summary>An attempt takes the step, or has found that it must not.</summary>
    public void MarkTried(int step) => _tried |= 1u << step;

    public void Clear()
    {
        _steps.AsSpan(0, Count).Clear();
        (Count, Trace, Group, _tried, QueuedMs) = (0, default, null, 0, 0);
    }
}
