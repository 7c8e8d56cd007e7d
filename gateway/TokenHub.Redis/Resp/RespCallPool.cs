using System.Collections.Concurrent;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Resp;

/// <summary>Calls that wait to be used again. Thread-safe.</summary>
internal sealed class RespCallPool(bool continueInline)
{
    private const int KeptMax = 4096;
    private readonly ConcurrentQueue<RespCall> _idle = new();
    private int _count;

    public RespCall Rent(LuaScript? script)
    {
        if (_idle.TryDequeue(out var call))
        {
            Interlocked.Decrement(ref _count);
        }
        else
        {
            call = new RespCall(this);
        }

        call.Begin(script, continueInline);
        return call;
    }

    public void Return(RespCall call)
    {
        if (Interlocked.Increment(ref _count) <= KeptMax)
        {
            _idle.Enqueue(call);
        }
        else
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
