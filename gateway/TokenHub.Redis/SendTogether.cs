using TokenHub.Redis.Connections;

namespace TokenHub.Redis;

/// <summary>
/// Until it is disposed, calls that this thread begins are gathered, and then go out in one write for each connection:
/// many calls at once cost one waking at either end. Nothing may be waited for meanwhile.
/// </summary>
public readonly ref struct SendTogether : IDisposable
{
    public static SendTogether Begin()
    {
        RespConnection.Hold();
        return default;
    }

    public void Dispose() => RespConnection.LetGo();
}
