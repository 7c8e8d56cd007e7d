namespace TokenHub.Core.Routing;

/// <summary>How a group chooses among channels of one priority that can all serve. Values are stored.</summary>
public enum RoutingPolicy : byte
{
    /// <summary>By chance, in proportion to weight.</summary>
    Weighted = 0,

    /// <summary>The one with the most room, by running and waiting calls against its slots.</summary>
    LeastLoaded = 1,

    /// <summary>The one whose price for this call is lowest.</summary>
    Cheapest = 2,

    /// <summary>The oldest lot first, until it is used up.</summary>
    Fifo = 3,

    /// <summary>The same one for the same caller and model, as long as it can serve.</summary>
    Sticky = 4,
}
