using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace TokenHub.TestKit.Servers;

/// <summary>Waits for conditions instead of for luck.</summary>
public static class Probe
{
    /// <summary>
    /// Polls until the condition holds; throws with <paramref name="what"/> when it does not in time.
    /// </summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan within, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > within)
            {
                throw new TimeoutException($"Not within {within}: {what}.");
            }

            await Task.Delay(20);
        }
    }

    public static Task UntilAsync(Func<bool> condition, TimeSpan within, string what) =>
        UntilAsync(() => Task.FromResult(condition()), within, what);

    /// <summary>
    /// Asks a Redis one thing, after a login where a password is given; the answer as it comes in one go, which is
    /// enough for states and short lists.
    /// </summary>
    public static async Task<string> AskAsync(int port, string password, params string[] command)
    {
        using var client = new TcpClient();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await client.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
        if (password.Length > 0)
        {
            await AskAsync(client.GetStream(), ["AUTH", password], timeout.Token);
        }

        return await AskAsync(client.GetStream(), command, timeout.Token);
    }

    /// <summary>Sends a line to a server and waits until it answers with the expected beginning.</summary>
    public static async Task<bool> AnswersAsync(int port, string send, string expect)
    {
        try
        {
            using var client = new TcpClient();
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await client.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(send), timeout.Token);
            var buffer = new byte[256];
            var read = await client.GetStream().ReadAsync(buffer, timeout.Token);
            return System.Text.Encoding.ASCII.GetString(buffer, 0, read).StartsWith(expect, StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<string> AskAsync(NetworkStream stream, string[] command, CancellationToken cancellation)
    {
        var words = command.Select(word => $"${word.Length}\r\n{word}\r\n");
        var text = $"*{command.Length}\r\n{string.Concat(words)}";
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), cancellation);
        var buffer = new byte[256 * 1024];
        var read = await stream.ReadAsync(buffer, cancellation);
        return System.Text.Encoding.ASCII.GetString(buffer, 0, read);
    }
}
