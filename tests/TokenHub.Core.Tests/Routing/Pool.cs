using TokenHub.Core.Routing;

namespace TokenHub.Core.Tests.Routing;

/// <summary>A few channels, and short ways to choose among them.</summary>
internal sealed class Pool
{
    public const long Now = 1_000_000;

    private readonly RouteInput[] _inputs;
    private readonly RouteMap _map;
    private ulong _random = 1;

    public Pool(params RouteInput[] inputs)
    {
        _inputs = inputs;
        _map = RouteMap.Of(inputs);
    }

    /// <summary>A channel like any other.</summary>
    public static RouteInput Channel(long id) => new() { Channel = id, Order = id };

    public static RouteInput[] Channels(int count) =>
        [.. Enumerable.Range(1, count).Select(id => Channel(id))];

    public ref RouteInput this[int at] => ref _inputs[at];

    public Chosen Choose(RouteCall? call = null, bool isWorthLeaving = false)
    {
        Span<RoutePick> picks = stackalloc RoutePick[8];
        var asked = (call ?? new RouteCall()) with { Now = Now, Random = _random++ };
        var count = RouteChoice.Choose(_map, new Inputs(_inputs, isWorthLeaving), asked, picks, out var trace);
        return new Chosen([.. picks[..count].ToArray().Select(pick => _inputs[pick.At].Channel)], trace);
    }

    /// <summary>How often each channel came first.</summary>
    public Dictionary<long, int> Firsts(int calls, RouteCall? call = null) => Enumerable.Range(0, calls)
        .GroupBy(_ => Choose(call).Order[0]).ToDictionary(group => group.Key, group => group.Count());

    private readonly struct Inputs(RouteInput[] inputs, bool isWorthLeaving) : IRoutePool
    {
        public RouteInput Read(int at) => inputs[at];

        public bool IsWorthLeaving(int boundAt, int otherAt, bool isFull) => isFull || isWorthLeaving;
    }
}

internal sealed record Chosen(long[] Order, RouteTrace Trace);
