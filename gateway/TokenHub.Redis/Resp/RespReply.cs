namespace TokenHub.Redis.Resp;

/// <summary>A reply that is no error. Its bytes belong to the call: read them, then dispose, exactly once.</summary>
public readonly struct RespReply : IDisposable
{
    private readonly RespCall _call;

    internal RespReply(RespCall call)
    {
        _call = call;
    }

    public RespReader Read() => new(_call.ReplyFrame);

    public void Dispose() => _call.Release();
}
