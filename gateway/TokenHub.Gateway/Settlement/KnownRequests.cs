using TokenHub.Core.Requests;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Answers whether this gateway still works for a request. A young one counts as known even without a slot: its
/// reservation may be on its way. How young is told by counters noted on the monotonic clock, never by the time in an
/// id.
/// </summary>
internal sealed class KnownRequests(InFlightTable table, RequestIdSource ids, TimeProvider time)
{
    /// <summary>Longer than any reservation may take, from the first attempt to the open slot.</summary>
    public static readonly TimeSpan YoungFor = TimeSpan.FromSeconds(15);

    private readonly Queue<(long At, uint Counter)> _marks = [];
    private uint _old;

    /// <summary>Notes how far the counter has come. To be called every few seconds, by one caller.</summary>
    public void Mark()
    {
        _marks.Enqueue((time.GetTimestamp(), ids.Last));
        while (_marks.TryPeek(out var mark) && time.GetElapsedTime(mark.At) >= YoungFor)
        {
            _old = mark.Counter;
            _marks.Dequeue();
        }
    }

    /// <summary>Those of the requests, ids as text, that nobody here works for.</summary>
    public IReadOnlyList<string> NotAmong(IReadOnlyList<string> requests)
    {
        var open = new HashSet<RequestId>();
        foreach (var slot in table.OpenSlots())
        {
            if (slot.TryRead(out var request))
            {
                open.Add(request.Rid);
            }
        }

        return [.. requests.Where(text =>
            RequestId.TryParse(text, out var rid) && IsOld(rid) && !open.Contains(rid))];
    }

    private bool IsOld(RequestId rid) =>
        rid.GatewayNo == ids.GatewayNo && rid.BootNo == ids.BootNo && (int)((uint)rid.Low - _old) <= 0;
}
