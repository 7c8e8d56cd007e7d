using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace TokenHub.TestKit;

/// <summary>
/// A fake provider on a raw socket: plays a <see cref="ScriptedUpstreamScript"/> for each request, byte for byte, and
/// keeps its own account of requests seen and bytes served. Scripts are taken from a queue, then from <see
/// cref="Default"/>.
/// </summary>
public sealed class ScriptedUpstream : IAsyncDisposable
{
    private const int HeadBytesMax = 64 << 10;
    private Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentQueue<ScriptedUpstreamScript> _scripts = new();
    private readonly ConcurrentQueue<ScriptedUpstreamRequest> _requests = new();
    private readonly ConcurrentDictionary<int, Socket> _open = new();
    private readonly CancellationTokenSource _stop = new();
    private int _connections;

    private ScriptedUpstream()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = AcceptAsync(_listener);
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Connections accepted so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Played when the queue is empty; chosen from the request itself.</summary>
    public Func<ScriptedUpstreamRequest, ScriptedUpstreamScript> Default { get; set; } =
        _ => ScriptedUpstreamScript.Answer(500, """{"error":{"message":"No script."}}""");

    public IReadOnlyList<ScriptedUpstreamRequest> Requests => [.. _requests];

    public static ScriptedUpstream Start() => new();

    /// <summary>Adds a script for the next request that has none yet.</summary>
    public ScriptedUpstream Enqueue(ScriptedUpstreamScript script)
    {
        _scripts.Enqueue(script);
        return this;
    }

    /// <summary>
    /// Closes the port: from now on connections are refused. Open ones stay. The port stays taken, so that nobody else
    /// gets it meanwhile: what is bound and does not listen refuses too.
    /// </summary>
    public void Refuse()
    {
        _listener.Dispose();
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
    }

    /// <summary>Opens the port again.</summary>
    public void Accept()
    {
        _listener.Listen(512);
        _ = AcceptAsync(_listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        foreach (var socket in _open.Values)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                var socket = await listener.AcceptAsync(_stop.Token);
                socket.NoDelay = true;
                var number = Interlocked.Increment(ref _connections);
                _open[number] = socket;
                _ = ServeAsync(socket, number);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    private async Task ServeAsync(Socket socket, int number)
    {
        try
        {
            var input = new Input(socket);
            while (await ReadRequestAsync(input, socket, number) is { } request)
            {
                // A request that can be seen has its script: who sees it may let the next one come.
                _scripts.TryDequeue(out var queued);
                _requests.Enqueue(request);
                var script = queued ?? Default(request);
                if (!await PlayAsync(script, request, socket, input))
                {
                    break;
                }
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The caller left, or the test is over.
        }
        finally
        {
            _open.TryRemove(number, out _);
            socket.Dispose();
        }
    }

    private async Task<ScriptedUpstreamRequest?> ReadRequestAsync(Input input, Socket socket, int number)
    {
        int end;
        while ((end = input.Bytes.IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (input.Length > HeadBytesMax || !await input.FillAsync(_stop.Token))
            {
                return null;
            }
        }

        var lines = Encoding.Latin1.GetString(input.Take(end + 4)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var start = lines[0].Split(' ');
        var headers = lines.Skip(1)
            .Select(line => line.Split(':', 2))
            .Select(parts => KeyValuePair.Create(parts[0], parts[1].Trim()))
            .ToList();
        string? Header(string name) => headers.Find(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        if (Header("expect") is not null)
        {
            await socket.SendAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
        }

        var body = Header("transfer-encoding") is not null
            ? await ReadChunkedAsync(input)
            : await input.TakeAsync(int.Parse(Header("content-length") ?? "0", CultureInfo.InvariantCulture), _stop.Token);
        return new ScriptedUpstreamRequest(start[0], start[1], headers, body, number);
    }

    private async Task<byte[]> ReadChunkedAsync(Input input)
    {
        var body = new MemoryStream();
        while (true)
        {
            int end;
            while ((end = input.Bytes.IndexOf("\r\n"u8)) < 0)
            {
                await input.FillOrThrowAsync(_stop.Token);
            }

            var size = int.Parse(
                Encoding.ASCII.GetString(input.Take(end + 2)).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write((await input.TakeAsync(size + 2, _stop.Token)).AsSpan(0, size));
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }

    // True when the connection can carry another request.
    private async Task<bool> PlayAsync(
        ScriptedUpstreamScript script, ScriptedUpstreamRequest request, Socket socket, Input input)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var watch = WatchAsync(input, request, left);
        try
        {
            foreach (var step in script.Steps)
            {
                if (!await PlayAsync(step, request, socket, left.Token))
                {
                    return false;
                }
            }

            request.MarkScriptEnded();
            return await watch;
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            request.MarkCallerLeft();
            return false;
        }
        finally
        {
            request.MarkScriptEnded();
        }
    }

    private static async Task<bool> PlayAsync(
        ScriptedUpstreamScript.Step step, ScriptedUpstreamRequest request, Socket socket, CancellationToken left)
    {
        switch (step.Kind)
        {
            case ScriptedUpstreamScript.StepKind.Send:
                await SendAsync(socket, step.Bytes!, left);
                return true;
            case ScriptedUpstreamScript.StepKind.SendBody:
                await SendAsync(socket, step.Bytes!, left);
                request.AddServed(step.Bytes!);
                return true;
            case ScriptedUpstreamScript.StepKind.Chunk:
                var size = Encoding.ASCII.GetBytes($"{step.Bytes!.Length:x}\r\n");
                await SendAsync(socket, [.. size, .. step.Bytes, (byte)'\r', (byte)'\n'], left);
                request.AddServed(step.Bytes);
                return true;
            case ScriptedUpstreamScript.StepKind.Pause:
                await Task.Delay(step.Time, left);
                return true;
            case ScriptedUpstreamScript.StepKind.Gate:
                await step.Gate!.WaitAsync(left);
                return true;
            case ScriptedUpstreamScript.StepKind.Hang:
                await Task.Delay(Timeout.Infinite, left);
                return true;
            case ScriptedUpstreamScript.StepKind.Close:
                socket.Shutdown(SocketShutdown.Both);
                return false;
            default:
                socket.LingerState = new LingerOption(true, 0);
                return false;
        }
    }

    private static async Task SendAsync(Socket socket, byte[] bytes, CancellationToken left)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), left);
        }
    }

    // Looks for the caller leaving while the script plays. True when more bytes came instead: the next request.
    private static async Task<bool> WatchAsync(Input input, ScriptedUpstreamRequest request, CancellationTokenSource left)
    {
        try
        {
            if (input.Length > 0 || await input.FillAsync(left.Token))
            {
                return true;
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Reset by the caller, or the test is over.
        }

        if (!request.ScriptEnded.IsCompleted)
        {
            request.MarkCallerLeft();
            await left.CancelAsync();
        }

        return false;
    }

    private sealed class Input(Socket socket)
    {
        private byte[] _buffer = new byte[16 << 10];

        public int Length { get; private set; }

        public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, Length);

        public async Task<bool> FillAsync(CancellationToken cancellationToken)
        {
            if (Length == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var count = await socket.ReceiveAsync(_buffer.AsMemory(Length), cancellationToken);
            Length += count;
            return count > 0;
        }

        public async Task FillOrThrowAsync(CancellationToken cancellationToken)
        {
            if (!await FillAsync(cancellationToken))
            {
                throw new SocketException((int)SocketError.ConnectionReset);
            }
        }

        public async Task<byte[]> TakeAsync(int count, CancellationToken cancellationToken)
        {
            while (Length < count)
            {
                await FillOrThrowAsync(cancellationToken);
            }

            return Take(count);
        }

        public byte[] Take(int count)
        {
            var taken = _buffer[..count];
            _buffer.AsSpan(count, Length - count).CopyTo(_buffer);
            Length -= count;
            return taken;
        }
    }
}
