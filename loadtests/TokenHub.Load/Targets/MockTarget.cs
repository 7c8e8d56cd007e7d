using System.Net;
using System.Text.Json.Nodes;

namespace TokenHub.Load.Targets;

/// <summary>The upstream itself: what a call costs with nothing in between.</summary>
internal sealed class MockTarget : ITarget, IAsyncDisposable
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(20);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly ChildProcess _process;

    private MockTarget(ChildProcess process, Uri url)
    {
        _process = process;
        Url = url;
        Endpoint = new IPEndPoint(IPAddress.Parse(url.Host), url.Port);
        ProcessIds = [process.Id];
        IdleKiB = ProcessUsage.Of(ProcessIds).ResidentKiB;
    }

    public string Name => "direct";

    public Uri Url { get; }

    public IPEndPoint Endpoint { get; }

    public IReadOnlyList<string> Keys { get; } = ["none-needed"];

    public IReadOnlyList<int> ProcessIds { get; }

    public long IdleKiB { get; }

    public IReadOnlyDictionary<string, IReadOnlyList<int>> Neighbours { get; } =
        new Dictionary<string, IReadOnlyList<int>>();

    public static async Task<MockTarget> StartAsync(CancellationToken cancel)
    {
        // A reference to an executable brings all it needs beside this one.
        var assembly = Path.Combine(AppContext.BaseDirectory, "TokenHub.MockUpstream.dll");
        var process = ChildProcess.StartDotNet(
            "mock upstream", assembly, ["--port", "0"], new Dictionary<string, string>(), TimeSpan.FromSeconds(5));
        try
        {
            var line = await process.WaitForLineAsync("listening ", ReadyWithin, cancel);
            return new MockTarget(process, new Uri(line["listening ".Length..]));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it served by its own count.</summary>
    public async Task<JsonObject> StatsAsync(CancellationToken cancel) =>
        (JsonObject)JsonNode.Parse(await Http.GetStringAsync(new Uri(Url, "/stats"), cancel))!["total"]!;

    public async Task ResetStatsAsync(CancellationToken cancel)
    {
        using var answer = await Http.PostAsync(new Uri(Url, "/stats/reset"), null, cancel);
        answer.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
