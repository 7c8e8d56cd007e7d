using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Connections;

/// <summary>
/// Calls in the order in which their replies will come. A ring that grows; guarded by its connection's lock.
/// </summary>
internal sealed class RespCallQueue
{
    private RespCall?[] _ring = new RespCall?[64];
    private int _head;

    public int Count { get; private set; }

    public RespCall this[int index] => _ring[(_head + index) & (_ring.Length - 1)]!;

    public void Enqueue(RespCall call)
    {
        if (Count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + Count) & (_ring.Length - 1)] = call;
        Count++;
    }

    public bool TryDequeue([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RespCall? call)
    {
        if (Count == 0)
        {
            call = null;
            return false;
        }

        call = _ring[_head]!;
        _ring[_head] = null;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        return true;
    }

    private void Grow()
    {
        var larger = new RespCall?[_ring.Length * 2];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }

        _ring = larger;
        _head = 0;
    }
}
