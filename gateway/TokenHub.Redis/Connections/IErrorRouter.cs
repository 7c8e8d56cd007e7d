using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Connections;

/// <summary>Looks at the errors of a server before the callers see them.</summary>
internal interface IErrorRouter
{
    /// <summary>
    /// True when the call goes on elsewhere or later: then the connection's share in it has been taken over. Called on
    /// the thread that reads the socket.
    /// </summary>
    public bool TryTake(RespCall call, ReadOnlySpan<byte> error, string fromEndpoint);
}
