using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// One open request in the in-flight table. Used by one request at a time; reading its counters is free-threaded.
/// </summary>
public sealed unsafe class InFlightSlot
{
    private readonly InFlightTable _table;
    private readonly byte* _at;

    internal InFlightSlot(InFlightTable table, int index, byte* at)
    {
        _table = table;
        Index = index;
        _at = at;
    }

    public OpenRequest Request { get; private set; }

    internal int Index { get; }

    /// <summary>The slot of the attempt before, which is freed with this one; null for none.</summary>
    internal InFlightSlot? Past { get; private set; }

    /// <summary>When its hold in Redis was last renewed, on the monotonic clock.</summary>
    internal long RenewedAtMs { get; set; }

    internal bool IsOpen => Volatile.Read(ref *(uint*)(_at + InFlightLayout.State)) == InFlightLayout.Open;

    public InFlightCounters Counters => new(
        Volatile.Read(ref *(long*)(_at + InFlightLayout.Input)),
        Volatile.Read(ref *(long*)(_at + InFlightLayout.Output)),
        new Usd(Volatile.Read(ref *(long*)(_at + InFlightLayout.Hold))));

    /// <summary>
    /// Notes how many tokens have been served. Three plain stores to mapped memory: nothing is called, nothing waits.
    /// </summary>
    public void Progress(long inputTokens, long outputTokens, Usd hold)
    {
        Volatile.Write(ref *(long*)(_at + InFlightLayout.Input), inputTokens);
        Volatile.Write(ref *(long*)(_at + InFlightLayout.Output), outputTokens);
        Volatile.Write(ref *(long*)(_at + InFlightLayout.Hold), hold.Units);
    }

    /// <summary>
    /// The request goes on at another channel: writes a second slot and then frees this one, so that a crash at any
    /// moment leaves at least one that is whole. Returns the slot to use from now on, or null when the table is full.
    /// </summary>
    public InFlightSlot? MoveTo(long channel, long ownerAccount, int ownerShareBp, in Tariff tariff)
    {
        var moved = Request with
        {
            Channel = channel,
            OwnerAccount = ownerAccount,
            OwnerShareBp = ownerShareBp,
            Tariff = tariff,
            Hold = Counters.Hold,
        };
        if (!_table.TryOpen(moved, out var slot))
        {
            return null;
        }

        slot.RenewedAtMs = RenewedAtMs;
        (slot.Past, Past) = (Past, null);
        _table.Release(this);
        return slot;
    }

    /// <summary>
    /// Keeps an attempt that is over until the request is closed, so that a crash does not lose what it cost. Where the
    /// table is full it is not kept: the request matters more.
    /// </summary>
    public void Keep(int place, in AttemptRecord attempt)
    {
        if (_table.TryKeep(Request.Rid, place, attempt, out var slot))
        {
            (slot.Past, Past) = (Past, slot);
        }
    }

    /// <summary>A whole copy of the request if the slot is open, whoever opens and frees it meanwhile.</summary>
    public bool TryRead(out OpenRequest request)
    {
        request = Request;
        var again = Request;
        return IsOpen && request.Account > 0
            && (request.Rid, request.Account, request.Key) == (again.Rid, again.Account, again.Key);
    }

    internal void Open(in OpenRequest request)
    {
        Request = request;
        InFlightLayout.WriteFixed(new Span<byte>(_at, InFlightLayout.SlotBytes), request);
        Progress(request.InputEstimate, 0, request.Hold);
        Volatile.Write(ref *(uint*)(_at + InFlightLayout.State), InFlightLayout.Open);
    }

    internal void Write(RequestId rid, int place, in AttemptRecord attempt)
    {
        InFlightLayout.WritePast(new Span<byte>(_at, InFlightLayout.SlotBytes), rid, place, attempt);
        Volatile.Write(ref *(uint*)(_at + InFlightLayout.State), InFlightLayout.Past);
    }

    internal void Free()
    {
        Volatile.Write(ref *(uint*)(_at + InFlightLayout.State), InFlightLayout.Free);
        (Request, Past) = (default, null);
    }
}
