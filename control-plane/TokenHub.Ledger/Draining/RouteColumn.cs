using System.Globalization;
using TokenHub.Core.Routing;

namespace TokenHub.Ledger.Draining;

/// <summary>The column <c>usage_events.route</c>: an array of numbers, in the order of the trace's members.</summary>
internal static class RouteColumn
{
    /// <summary>Null for a trace that says nothing.</summary>
    public static string? Write(in RouteTrace route) => route == default
        ? null
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{{{(int)route.Policy},{(int)route.Reason},{route.Serving},{route.OutOfScope},{route.OtherCall},"
            + $"{route.Cooling},{route.Exhausted},{route.Full}}}");

    public static RouteTrace? Read(int[]? row) => row is null
        ? null
        : new RouteTrace(
            (RoutingPolicy)row[0], (RouteReason)row[1], row[2], row[3], row[4], row[5], row[6], row[7]);
}
