using TokenHub.Core.Requests;
using TokenHub.Simulation.Tests.Engine;

namespace TokenHub.Simulation.Tests.Parts;

/// <summary>Serves tokens event by event, and keeps count of what it served, whoever gets it.</summary>
internal sealed class Upstream(Schedule schedule, Oracle oracle)
{
    /// <param name="onEvent">Takes an event and whether it is the last; false when nobody reads any more.</param>
    public void Stream(RequestId rid, int events, long pauseMs, Func<long, bool, bool> onEvent)
    {
        schedule.After(schedule.Between(1, pauseMs), () =>
        {
            var tokens = schedule.Between(1, Prices.ChunkTokensMax);
            oracle.Served[rid] += tokens;
            schedule.After(schedule.Between(1, 20), () =>
            {
                if (onEvent(tokens, events == 1) && events > 1)
                {
                    Stream(rid, events - 1, pauseMs, onEvent);
                }
            });
        });
    }
}
