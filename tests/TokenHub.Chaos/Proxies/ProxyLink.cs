using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;

namespace TokenHub.Chaos.Proxies;

/// <summary>Relays bytes as the edge's two flows say.</summary>
internal sealed class ProxyLink(FaultProxy edge, Socket client, Socket server) : IProxyLink
{
    private const int PieceBytes = 16 << 10;
    private const int PiecesMax = 64;

    public Task RunAsync(CancellationToken cancel) => Task.WhenAll(
        RelayAsync(client, server, edge.Up, cancel), RelayAsync(server, client, edge.Down, cancel));

    public void Reset()
    {
        foreach (var socket in new[] { client, server })
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }
        }
    }

    private async Task RelayAsync(Socket from, Socket to, Flow flow, CancellationToken cancel)
    {
        var pieces = Channel.CreateBounded<(long DueMs, byte[] Bytes)>(PiecesMax);
        var sending = SendAllAsync(pieces.Reader, to, flow, cancel);
        try
        {
            var buffer = new byte[PieceBytes];
            while (await from.ReceiveAsync(buffer, cancel) is > 0 and var count)
            {
                var wait = flow.LatencyMs + (flow.LatencySpreadMs > 0 ? edge.Next(flow.LatencySpreadMs) : 0);
                if (!flow.IsDropping)
                {
                    await pieces.Writer.WriteAsync((Now() + wait, buffer[..count]), cancel);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or ChannelClosedException)
        {
            // What came before the reset is delivered before it, as a network does.
            pieces.Writer.TryComplete();
            await sending;
            Reset();
        }

        pieces.Writer.TryComplete();
        await sending;
    }

    private async Task SendAllAsync(
        ChannelReader<(long DueMs, byte[] Bytes)> pieces, Socket to, Flow flow, CancellationToken cancel)
    {
        var passed = 0L;
        try
        {
            await foreach (var (dueMs, bytes) in pieces.ReadAllAsync(cancel))
            {
                if (dueMs - Now() is > 0 and var wait)
                {
                    await Task.Delay((int)wait, cancel);
                }

                await flow.PassAsync(cancel);
                Corrupt(bytes, flow);
                await SendAsync(bytes, to, flow, cancel);
                passed += bytes.Length;
                if (flow.LimitBytes > 0 && passed >= flow.LimitBytes)
                {
                    Reset();
                    return;
                }

                if (flow.HalfCloseBytes > 0 && passed >= flow.HalfCloseBytes)
                {
                    break;
                }
            }

            await flow.PassAsync(cancel);
            await Task.Delay(flow.SlowCloseMs, cancel);
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            Reset();
        }
    }

    private static async Task SendAsync(byte[] bytes, Socket to, Flow flow, CancellationToken cancel)
    {
        var slice = flow.SliceBytes > 0 ? flow.SliceBytes : bytes.Length;
        for (var at = 0; at < bytes.Length;)
        {
            at += await to.SendAsync(bytes.AsMemory(at, Math.Min(slice, bytes.Length - at)), cancel);
            if (flow.BytesPerSecond > 0)
            {
                await Task.Delay(Math.Max(1, 1000 * slice / flow.BytesPerSecond), cancel);
            }
        }
    }

    private void Corrupt(byte[] bytes, Flow flow)
    {
        if (flow.CorruptPerMille > 0 && edge.Next(1000) < flow.CorruptPerMille)
        {
            bytes[edge.Next(bytes.Length)] ^= (byte)(1 << edge.Next(8));
        }
    }

    private static long Now() => Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1000);
}
