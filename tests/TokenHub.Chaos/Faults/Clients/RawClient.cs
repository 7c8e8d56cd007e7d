using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenHub.Chaos.Faults.Clients;

/// <summary>A connection to a gateway over which anything may be sent, as slowly as one likes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        ReceiveBufferSize = 4096,
    };

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var client = new RawClient();
        await client._socket.ConnectAsync(IPAddress.Loopback, port);
        return client;
    }

    public async Task SendAsync(string text) => await _socket.SendAsync(Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes read, 0 when the other side has ended; -1 when nothing came.</summary>
    public async Task<int> ReadAsync(int bytes, TimeSpan within)
    {
        using var limit = new CancellationTokenSource(within);
        try
        {
            return await _socket.ReceiveAsync(new byte[bytes], limit.Token);
        }
        catch (OperationCanceledException)
        {
            return -1;
        }
        catch (SocketException)
        {
            return 0;
        }
    }

    public static string RequestOf(string model, string key, int tokensMax)
    {
        var body = $$"""{"model":"{{model}}","stream":true,"max_tokens":{{tokensMax}},"messages":[{"role":"user","content":"go"}]}""";
        return $"POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\n"
            + $"content-type: application/json\r\ncontent-length: {body.Length}\r\n\r\n{body}";
    }

    public void Dispose() => _socket.Dispose();
}
