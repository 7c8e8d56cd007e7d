using System.Text;

namespace TokenHub.Redis.Resp;

/// <summary>Turns a server's error line into the library's exception.</summary>
internal static class RespErrors
{
    private const int MessageBytesMax = 512;

    public static bool IsNoScript(ReadOnlySpan<byte> error) => error.StartsWith("NOSCRIPT"u8);

    public static RedisUnavailableException ToException(ReadOnlySpan<byte> error)
    {
        var text = Encoding.UTF8.GetString(error[..Math.Min(error.Length, MessageBytesMax)]);
        return new RedisUnavailableException(FaultOf(error), $"Redis answered: {text}");
    }

    public static RedisFault FaultOf(ReadOnlySpan<byte> error)
    {
        var space = error.IndexOf((byte)' ');
        var code = space < 0 ? error : error[..space];
        if (code.SequenceEqual("ERR"u8))
        {
            // Garnet, and Redis before 7, put the error of a command inside a script behind words of their own.
            return error.IndexOf("OOM command not allowed"u8) >= 0 ? RedisFault.OutOfMemory : RedisFault.ServerError;
        }

        return Encoding.ASCII.GetString(code) switch
        {
            "LOADING" => RedisFault.Loading,
            "BUSY" => RedisFault.Busy,
            "READONLY" or "MASTERDOWN" => RedisFault.ReadOnly,
            "OOM" => RedisFault.OutOfMemory,
            "MOVED" or "ASK" => RedisFault.Moved,
            "TRYAGAIN" => RedisFault.TryAgain,
            "CLUSTERDOWN" => RedisFault.ClusterDown,
            "NOAUTH" or "WRONGPASS" or "NOPERM" => RedisFault.AccessDenied,
            _ => RedisFault.ServerError,
        };
    }
}
