using System.Globalization;
using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>
/// The upstream sends what no protocol has: the gateway's memory stays bounded and others are served.
/// </summary>
internal sealed class F24Garbage : IFault
{
    private const long StreamBytesMax = 256 << 10;
    private const int Streams = 200;
    private const int StreamsFirst = 40;

    // One line of 10 MB is read as an event: its text is there once or twice, besides what streams take.
    private const long RssGrowthMax = 160L << 20;

    public string Id => "F24";

    public string Says => "the upstream sends garbage, endless lines, a flood of events";

    public async Task PlayAsync(Trial trial)
    {
        var rssBefore = RssOf(trial);
        var scripts = new (string Name, Func<UpstreamCall, Task> Script)[]
        {
            ("binary", Binary), ("one line of 10 MB", LongLine), ("20,000 empty events", Flood), ("endless comments", Comments),
            ("no UTF-8", NoUtf8), ("huge headers", HugeHeaders), ("a flood of 1xx", Informational), ("a byte a time", Trickle),
        };
        foreach (var (name, script) in scripts)
        {
            var call = await Scripted.PlayAsync(trial, script);
            trial.Expect(!call.IsWhole, $"{name} passed as a whole answer");
            trial.Expect(call.EndedMs - call.SentMs < 20_000, $"{name} took {call.EndedMs - call.SentMs} ms");
        }

        var grown = RssOf(trial) - rssBefore;
        trial.Note(string.Create(CultureInfo.InvariantCulture, $"gateway memory {grown / (1 << 20):+#;-#;0} MiB"));
        trial.Expect(grown < RssGrowthMax, $"the gateway's memory grew by {grown >> 20} MiB");
        await ManyAsync(trial);
    }

    // What one stream of nothing takes: of many at once, for one alone is lost in what the process takes anyway.
    private static async Task ManyAsync(Trial trial)
    {
        await OpenAsync(trial, StreamsFirst);
        var before = RssOf(trial);
        var most = await OpenAsync(trial, Streams);
        var each = (most - before) / Streams;
        trial.Note(string.Create(CultureInfo.InvariantCulture, $"{each >> 10} KiB a stream of {Streams}"));
        trial.Expect(each < StreamBytesMax, $"a stream of nothing takes {each >> 10} KiB");
    }

    private static async Task<long> OpenAsync(Trial trial, int count)
    {
        var streams = Enumerable.Range(0, count).Select(_ => Scripted.PlayAsync(trial, Comments)).ToList();
        var all = Task.WhenAll(streams);
        var most = 0L;
        while (!all.IsCompleted)
        {
            most = Math.Max(most, RssOf(trial));
            await trial.PauseAsync(200);
        }

        trial.Expect((await all).All(call => !call.IsWhole), "comments passed as a whole answer");
        return most;
    }

    private static long RssOf(Trial trial) => long.Parse(
        File.ReadAllLines($"/proc/{trial.Rig.Gateways[0].ProcessId}/status")
            .First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) << 10;

    private static async Task Binary(UpstreamCall call)
    {
        var bytes = new byte[64 << 10];
        new Random(1).NextBytes(bytes);
        await call.RawAsync(bytes);
    }

    private static async Task LongLine(UpstreamCall call)
    {
        await call.StreamHeadAsync();
        var piece = new string('x', 64 << 10);
        for (var i = 0; i < 160; i++)
        {
            await call.ChunkAsync(i == 0 ? "data: " + piece : piece);
        }
    }

    private static async Task Flood(UpstreamCall call)
    {
        await call.StreamHeadAsync();
        var hundred = string.Concat(Enumerable.Repeat("data: {}\n\n", 100));
        for (var i = 0; i < 200; i++)
        {
            await call.ChunkAsync(hundred);
        }
    }

    private static async Task Comments(UpstreamCall call)
    {
        await call.StreamHeadAsync();
        for (var i = 0; i < 2000; i++)
        {
            await call.ChunkAsync(": nothing\n\n");
        }

        await Task.Delay(Timeout.Infinite, call.Cancel);
    }

    private static async Task NoUtf8(UpstreamCall call)
    {
        await call.StreamHeadAsync();
        byte[] bytes = [0x64, 0x61, 0x74, 0x61, 0x3a, 0x20, 0xff, 0xfe, 0xc0, 0x0a, 0x0a];
        await call.RawAsync("b\r\n");
        await call.RawAsync(bytes);
        await call.RawAsync("\r\n0\r\n\r\n");
    }

    private static Task HugeHeaders(UpstreamCall call) =>
        call.RawAsync($"HTTP/1.1 200 OK\r\nx-huge: {new string('h', 1 << 20)}\r\ncontent-length: 0\r\n\r\n");

    private static async Task Informational(UpstreamCall call)
    {
        for (var i = 0; i < 20_000; i++)
        {
            await call.RawAsync("HTTP/1.1 102 Processing\r\n\r\n");
        }
    }

    private static async Task Trickle(UpstreamCall call)
    {
        foreach (var letter in "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
        {
            await call.RawAsync($"{letter}");
            await Task.Delay(300, call.Cancel);
        }
    }
}
