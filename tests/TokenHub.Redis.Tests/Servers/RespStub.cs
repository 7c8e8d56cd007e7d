using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Tests.Servers;

/// <summary>
/// A server that answers each command with the bytes the test says, for faults that a real one will not produce on
/// demand. An answer of null keeps silent; <see cref="HangUp"/> closes the connection.
/// </summary>
internal sealed class RespStub : IAsyncDisposable
{
    public const string HangUp = "hang up";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<IReadOnlyList<string>, string?> _answer;
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Task _accepting;
    private int _connections;

    public RespStub(Func<IReadOnlyList<string>, string?> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"redis://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public RedisEndpoint Endpoint => new("127.0.0.1", ((IPEndPoint)_listener.LocalEndpoint).Port);

    /// <summary>A subscriber that knows only this server.</summary>
    public RedisSubscriber Subscriber() => new(RedisOptions.Parse(Url), () => Endpoint);

    /// <summary>How many connections there have been.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>All commands but those of the handshake, in order of arrival.</summary>
    public ConcurrentQueue<string> Commands { get; } = [];

    /// <summary>A stub that shakes hands like Redis and answers all else by <paramref name="answer"/>.</summary>
    public static RespStub Greeting(Func<IReadOnlyList<string>, string?> answer) => new(command => command[0] switch
    {
        "HELLO" => "%1\r\n$5\r\nproto\r\n:3\r\n",
        "INFO" => "$0\r\n\r\n",
        "SCRIPT" => "+OK\r\n",
        "PING" => "+PONG\r\n",
        _ => answer(command),
    });

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                _serving.Add(ServeAsync(socket));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using (socket)
        {
            var received = new RespBuffer(4096);
            var scanner = default(RespFrameScanner);
            try
            {
                while (true)
                {
                    var count = await socket.ReceiveAsync(received.GetMemory(4096), _stop.Token);
                    received.Advance(count);
                    if (count == 0 || !await AnswerAllAsync(socket, received, ref scanner))
                    {
                        return;
                    }
                }
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // The client went, or the test is over.
            }
        }
    }

    private Task<bool> AnswerAllAsync(Socket socket, RespBuffer received, ref RespFrameScanner scanner)
    {
        var answers = new StringBuilder();
        while (scanner.TryScan(received.Span, out var length))
        {
            var command = Read(new RespReader(received.Span[..length]));
            received.Consume(length);
            if (command[0] is not ("HELLO" or "INFO" or "SCRIPT" or "PING"))
            {
                Commands.Enqueue(string.Join(' ', command));
            }

            var answer = _answer(command);
            if (answer == HangUp)
            {
                return Task.FromResult(false);
            }

            answers.Append(answer);
        }

        return SendAsync(socket, Encoding.Latin1.GetBytes(answers.ToString()));
    }

    private static async Task<bool> SendAsync(Socket socket, byte[] bytes)
    {
        await socket.SendAsync(bytes);
        return true;
    }

    private static List<string> Read(RespReader reader)
    {
        var command = new List<string>();
        for (var left = reader.ReadAggregate(); left > 0; left--)
        {
            command.Add(Encoding.Latin1.GetString(reader.ReadBytes()));
        }

        return command;
    }
}
