using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Routing;

/// <summary>
/// The gateways' own choice, made many times over: what is by chance in it shows as shares and usual places.
/// </summary>
internal sealed class RouteTrial
{
    private const int Trials = 500;

    private readonly RouteInput[] _inputs;
    private readonly int[] _groupOf;
    private readonly int[] _firsts;
    private readonly double[] _places;
    private readonly RoutePick[] _picks = new RoutePick[RoutingRules.AttemptsLimit];

    /// <param name="groupOf">By which group each serves the call.</param>
    public RouteTrial(RouteInput[] inputs, int[] groupOf, RouteCall call)
    {
        (_inputs, _groupOf) = (inputs, groupOf);
        (_firsts, _places) = (new int[inputs.Length], new double[inputs.Length]);
        Run(call);
    }

    /// <summary>Those that are tried, in their usual order.</summary>
    public IReadOnlyList<int> Order { get; private set; } = [];

    public RouteTrace Trace { get; private set; }

    public double FirstShareOf(int at) => _firsts[at] / (double)Trials;

    // As a gateway does: the best of all first, then those of its group.
    private void Run(RouteCall call)
    {
        var all = RouteMap.Of(_inputs);
        var traces = new Dictionary<int, RouteTrace>();
        var isMixed = _groupOf.Distinct().Skip(1).Any();
        for (var trial = 0; trial < Trials; trial++)
        {
            var random = RouteChance.Mix((ulong)trial);
            var stepsMax = isMixed && call.BoundAt < 0 ? 1 : call.StepsMax;
            var map = call.BoundAt >= 0 ? MapOf(_groupOf[call.BoundAt]) : all;
            var count = RouteChoice.Choose(
                map, new RouteInputs(_inputs), call with { Random = random, StepsMax = stepsMax }, _picks,
                out var trace);
            Trace = trace;
            if (count == 0)
            {
                return;
            }

            var first = _picks[0].At;
            traces.TryAdd(first, trace);
            _firsts[first]++;
            if (stepsMax < call.StepsMax)
            {
                count = AddOthers(call with { Random = random }, first);
            }

            for (var place = 0; place < count; place++)
            {
                _places[_picks[place].At] += RoutingRules.AttemptsLimit - place;
            }
        }

        var likeliest = Array.IndexOf(_firsts, _firsts.Max());
        Trace = traces[likeliest];
        Order =
        [
            .. Enumerable.Range(0, _inputs.Length)
                .Where(at => _places[at] > 0 && _groupOf[at] == _groupOf[likeliest])
                .OrderByDescending(at => _firsts[at]).ThenByDescending(at => _places[at]).Take(call.StepsMax),
        ];
    }

    private int AddOthers(RouteCall call, int first)
    {
        var others = new RoutePick[RoutingRules.AttemptsLimit];
        var found = RouteChoice.Choose(MapOf(_groupOf[first]), new RouteInputs(_inputs), call, others, out _);
        var count = 1;
        foreach (var other in others.Take(found).Where(other => other.At != first))
        {
            if (count < call.StepsMax)
            {
                _picks[count++] = other;
            }
        }

        return count;
    }

    private RouteMap MapOf(int group) => RouteMap.Of(
        _inputs, [.. Enumerable.Range(0, _inputs.Length).Where(at => _groupOf[at] == group)]);
}
