using System.Collections.Concurrent;
using System.Net.Sockets;

namespace TokenHub.Chaos.Proxies;

/// <summary>
/// Relays the Redis protocol and delivers some script calls twice, as a retry after a lost answer does: the first
/// answer is dropped, the second one is what the caller sees.
/// </summary>
internal sealed class RepeatingLink(FaultProxy edge, Socket client, Socket server) : IProxyLink
{
    private readonly ConcurrentQueue<bool> _dropped = new();

    public async Task RunAsync(CancellationToken cancel)
    {
        var up = RelayAsync(client, CallAsync, cancel);
        var down = RelayAsync(server, AnswerAsync, cancel);
        await Task.WhenAny(up, down);
        Reset();
        await Task.WhenAll(up, down);

        async Task CallAsync(ReadOnlyMemory<byte> frame)
        {
            var isScript = frame.Span.IndexOf("EVALSHA"u8) is >= 0 and < 24;
            if (isScript && edge.Next(100) < edge.RepeatPercent)
            {
                _dropped.Enqueue(true);
                await SendAsync(server, frame, cancel);
            }

            _dropped.Enqueue(false);
            await SendAsync(server, frame, cancel);
        }

        async Task AnswerAsync(ReadOnlyMemory<byte> frame)
        {
            // A push of a subscription answers no call.
            if (frame.Span[0] == (byte)'>' || !_dropped.TryDequeue(out var isDropped) || !isDropped)
            {
                await SendAsync(client, frame, cancel);
            }
        }
    }

    public void Reset()
    {
        client.Close();
        server.Close();
    }

    private static async Task RelayAsync(Socket from, Func<ReadOnlyMemory<byte>, Task> pass, CancellationToken cancel)
    {
        var buffer = new byte[64 << 10];
        var length = 0;
        try
        {
            while (await from.ReceiveAsync(buffer.AsMemory(length), cancel) is > 0 and var count)
            {
                length += count;
                var at = 0;
                while (at < length && RespFrames.LengthOf(buffer.AsSpan(at, length - at)) is > 0 and var frame)
                {
                    await pass(buffer.AsMemory(at, frame));
                    at += frame;
                }

                buffer.AsSpan(at, length - at).CopyTo(buffer);
                length -= at;
                if (length == buffer.Length)
                {
                    Array.Resize(ref buffer, buffer.Length * 2);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // One side left; the other is closed by the caller.
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        for (var at = 0; at < bytes.Length;)
        {
            at += await to.SendAsync(bytes[at..], cancel);
        }
    }
}
