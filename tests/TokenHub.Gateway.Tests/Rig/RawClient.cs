using System.Net.Sockets;
using System.Text;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>A client on a raw socket: it can leave at any byte, read slowly, or not at all.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4 << 10 };
    private readonly StringBuilder _seen = new();

    public string Seen => _seen.ToString();

    public static async Task<RawClient> PostAsync(GatewayRig.Caller caller, string path, string body)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(caller.Rig.Address.Host, caller.Rig.Address.Port);
        await client.SendAsync(
            $"POST {path} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {caller.Secret}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
        return client;
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Reads until the text has come; false when the connection ended before.</summary>
    public async Task<bool> ReadUntilAsync(string text, int bytesAtOnce = 1024)
    {
        var buffer = new byte[bytesAtOnce];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!_seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count;
            try
            {
                count = await _socket.ReceiveAsync(buffer, limit.Token);
            }
            catch (SocketException)
            {
                return false;
            }

            if (count == 0)
            {
                return false;
            }

            _seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }

        return true;
    }

    /// <summary>Leaves: properly, or with a reset.</summary>
    public void Leave(bool reset)
    {
        if (reset)
        {
            _socket.LingerState = new LingerOption(true, 0);
        }

        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();
}
