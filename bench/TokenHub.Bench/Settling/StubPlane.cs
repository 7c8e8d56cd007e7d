using System.Globalization;
using System.Net;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.TestKit.Servers;

namespace TokenHub.Bench.Settling;

/// <summary>
/// A control plane that knows one snapshot and believes every batch of records. In a process of its own where its
/// processor time must not count.
/// </summary>
internal sealed class StubPlane : IDisposable
{
    public const string Command = "stub-plane";
    private static readonly TimeSpan NoNews = TimeSpan.FromSeconds(5);
    private readonly HttpListener _listener = new();
    private readonly Snapshot _snapshot;
    private int _boots;

    public StubPlane(int port, Snapshot snapshot)
    {
        _snapshot = snapshot;
        Address = new Uri($"http://127.0.0.1:{port}");
        _listener.Prefixes.Add(Address.AbsoluteUri);
        _listener.Start();
        _ = RunAsync();
    }

    public Uri Address { get; }

    public static StubPlane Start(Snapshot snapshot) => new(FreePort.Next(), snapshot);

    /// <summary>What a process of its own does: it serves until its standard input is closed.</summary>
    public static void Serve(string port)
    {
        using var plane = new StubPlane(int.Parse(port, CultureInfo.InvariantCulture), Snapshot.Empty);
        Console.Out.WriteLine("ready");
        while (Console.In.Read() >= 0)
        {
            // Nothing is said to it.
        }
    }

    public void Dispose() => _listener.Close();

    private async Task RunAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                _ = AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            object? answer = context.Request.Url!.AbsolutePath switch
            {
                PlaneMessages.RegisterPath => new PlaneMessages.GatewayWelcome(1, Interlocked.Increment(ref _boots)),
                PlaneMessages.BeatPath => new PlaneMessages.GatewayBeatReply(_snapshot.Version),
                PlaneMessages.SnapshotPath when context.Request.QueryString["after"] == "0" => _snapshot,
                PlaneMessages.UsagePath => Receipt(body.ToArray()),
                _ => null,
            };
            if (answer is null)
            {
                await Task.Delay(NoNews);
                context.Response.StatusCode = 304;
            }
            else
            {
                var json = JsonSerializer.SerializeToUtf8Bytes(answer, answer.GetType(), SnapshotJsonContext.Default);
                context.Response.ContentLength64 = json.Length;
                await context.Response.OutputStream.WriteAsync(json);
            }

            context.Response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or IOException)
        {
            // The caller has gone: it was stopped.
        }
    }

    private static PlaneMessages.UsageReceipt Receipt(ReadOnlySpan<byte> batch)
    {
        var (last, count) = (0L, 0);
        while (UsageBatch.TryTake(ref batch, out var lsn, out _))
        {
            (last, count) = (lsn, count + 1);
        }

        return new PlaneMessages.UsageReceipt(last, count, 0, 0);
    }
}
