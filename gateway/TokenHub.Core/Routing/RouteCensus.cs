namespace TokenHub.Core.Routing;

/// <summary>How the channels that were looked at stood.</summary>
internal struct RouteCensus
{
    private int _outOfScope;
    private int _otherCall;
    private int _resting;
    private int _exhausted;
    private int _full;
    private int _available;
    private long _bestRank;
    private int _peers;

    /// <summary>Those that could serve at once.</summary>
    public readonly int Available => _available;

    /// <summary>Those that can serve at all, now or later.</summary>
    public readonly int Serviceable => _available + _full + _resting;

    /// <summary>Those of the best verdict and tier.</summary>
    public readonly int Peers => _peers;

    public void Count(RouteVerdict verdict)
    {
        switch (verdict)
        {
            case RouteVerdict.Available: _available++; break;
            case RouteVerdict.Full: _full++; break;
            case RouteVerdict.Resting: _resting++; break;
            case RouteVerdict.Exhausted: _exhausted++; break;
            case RouteVerdict.OutOfScope: _outOfScope++; break;
            default: _otherCall++; break;
        }
    }

    public void CountRank(long rank)
    {
        if (_peers == 0 || rank < _bestRank)
        {
            (_bestRank, _peers) = (rank, 0);
        }

        _peers += rank == _bestRank ? 1 : 0;
    }

    public readonly RouteTrace ToTrace(RouteMap map, RoutingPolicy policy, RouteReason reason) => new(
        policy, reason, map.Serving, map.Serving - map.Count + _outOfScope, _otherCall, _resting, _exhausted, _full);
}
