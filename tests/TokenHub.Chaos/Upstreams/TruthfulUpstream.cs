using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace TokenHub.Chaos.Upstreams;

/// <summary>
/// The upstream, on plain sockets so that it can misbehave at will. It lives in the driver, so its truth outlives
/// whatever is killed. Each request has a model name of its own; by it upstream, client and ledger are compared.
/// </summary>
internal sealed class TruthfulUpstream : IAsyncDisposable
{
    private const int HeadBytesMax = 64 << 10;
    private readonly TcpListener[] _doors;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, UpstreamPlan> _planOf;
    private readonly ConcurrentDictionary<string, UpstreamPlan> _scripted = new();

    /// <param name="doors">Ports it listens on, one for each channel.</param>
    /// <param name="planOf">The plan of a model name that has none of its own.</param>
    public TruthfulUpstream(int doors, Func<string, UpstreamPlan> planOf)
    {
        _planOf = planOf;
        _doors = [.. Enumerable.Range(0, doors).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        for (var i = 0; i < doors; i++)
        {
            _doors[i].Start(1024);
            _ = AcceptAsync(_doors[i], i);
        }
    }

    /// <summary>What was served, by model name; one entry an attempt.</summary>
    public ConcurrentDictionary<string, ConcurrentQueue<Served>> Truth { get; } = new();

    /// <summary>Called when the last byte of an answer was given to the connection.</summary>
    public Action<string>? Ended { get; set; }

    public int PortOf(int door) => ((IPEndPoint)_doors[door].LocalEndpoint).Port;

    public void Plan(string model, UpstreamPlan plan) => _scripted[model] = plan;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (var door in _doors)
        {
            door.Stop();
        }
    }

    private async Task AcceptAsync(TcpListener listener, int door)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptSocketAsync(_stop.Token);
                socket.NoDelay = true;
                _ = ServeAsync(socket, door);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The run is over.
        }
    }

    private async Task ServeAsync(Socket socket, int door)
    {
        try
        {
            var input = new byte[HeadBytesMax];
            var length = 0;
            while (true)
            {
                int end;
                while ((end = input.AsSpan(0, length).IndexOf("\r\n\r\n"u8)) < 0)
                {
                    var count = await socket.ReceiveAsync(input.AsMemory(length), _stop.Token);
                    if (count == 0)
                    {
                        return;
                    }

                    length += count;
                }

                var head = Encoding.Latin1.GetString(input, 0, end);
                var bodyLength = int.Parse(HeaderOf(head, "content-length") ?? "0", CultureInfo.InvariantCulture);
                var whole = end + 4 + bodyLength;
                while (length < whole)
                {
                    var count = await socket.ReceiveAsync(input.AsMemory(length), _stop.Token);
                    if (count == 0)
                    {
                        return;
                    }

                    length += count;
                }

                if (!await AnswerAsync(socket, door, head, input.AsMemory(end + 4, bodyLength)))
                {
                    return;
                }

                input.AsSpan(whole, length - whole).CopyTo(input);
                length -= whole;
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller left, or the run is over.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private async Task<bool> AnswerAsync(Socket socket, int door, string head, ReadOnlyMemory<byte> body)
    {
        using var request = JsonDocument.Parse(body);
        var model = request.RootElement.GetProperty("model").GetString()!;
        var isStream = request.RootElement.TryGetProperty("stream", out var stream) && stream.GetBoolean();
        var served = new Served
        {
            Door = door, IsStream = isStream, Authorization = HeaderOf(head, "authorization") ?? "",
        };
        Truth.GetOrAdd(model, _ => new ConcurrentQueue<Served>()).Enqueue(served);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var watching = WatchAsync(socket, left);
        var call = new UpstreamCall(socket, model, served, left.Token);
        var plan = _scripted.TryGetValue(model, out var own) ? own : _planOf(model);
        var goesOn = await PlannedAnswer.PlayAsync(call, plan, isStream);
        Ended?.Invoke(model);
        if (!goesOn)
        {
            return false;
        }

        // The watch ends with the first byte of the next request, or with the caller's leaving.
        return await watching;
    }

    private static async Task<bool> WatchAsync(Socket socket, CancellationTokenSource left)
    {
        try
        {
            if (await socket.ReceiveAsync(new byte[1], SocketFlags.Peek, left.Token) > 0)
            {
                return true;
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Reset by the caller.
        }

        try
        {
            await left.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The answer had ended meanwhile.
        }

        return false;
    }

    private static string? HeaderOf(string head, string name) => head.Split("\r\n")
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();
}
