using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Keys;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Bench.Settling;

/// <summary>
/// Time to the first byte of a stream through a whole gateway, with a log whose every sync stalls and with one whose
/// syncs do not, by turns. Were settlement in the way of the first byte, one would show in the other.
/// </summary>
internal sealed class FirstByteTime : IDisposable
{
    private const int Rounds = 3;
    private const int Clients = 4;
    private const int RequestsEach = 150;
    private const int StallMs = 50;
    private const double MedianApartMsMax = 2;
    private const long Account = 17;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-ttft-");
    private readonly byte[] _master = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private readonly byte[] _body = Samples.ChatRequest(2);
    private readonly ScriptedUpstream _upstream = ScriptedUpstream.Start();
    private readonly string _secret = HubKey.Create();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    /// <summary>False when the two differ by more than noise.</summary>
    public static async Task<bool> RunAsync(TextWriter output)
    {
        if (!RedisServer.IsInstalled)
        {
            output.WriteLine("This needs redis-server on the PATH.");
            return false;
        }

        using var times = new FirstByteTime();
        try
        {
            return await times.CompareAsync(output);
        }
        finally
        {
            await times._upstream.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> CompareAsync(TextWriter output)
    {
        var pieces = Samples.Stream(Dialect.Chat, includesUsage: true);
        _upstream.Default = _ => ScriptedUpstreamScript.Stream([pieces[0], [.. pieces.Skip(1).SelectMany(p => p)]]);
        await using var redis = await RedisServer.StartAsync();
        await PrepareAsync(redis);
        using var plane = StubPlane.Start(SnapshotOf());
        List<double> quick = [], stalled = [];
        for (var round = 0; round <= Rounds; round++)
        {
            var (plain, _) = await MeasureAsync(redis, plane, stallMs: 0);
            var (slow, syncs) = await MeasureAsync(redis, plane, StallMs);
            if (round > 0)
            {
                // The first round was for warming up.
                quick.AddRange(plain);
                stalled.AddRange(slow);
                output.WriteLine($"round {round}: {plain.Count} requests each, {syncs} syncs stalled");
            }
        }

        var (p50, p99) = (At(quick, 0.5), At(quick, 0.99));
        var (slow50, slow99) = (At(stalled, 0.5), At(stalled, 0.99));
        output.WriteLine("time to the first byte, ms      p50       p99");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"log not stalled        {p50,12:0.00} {p99,9:0.00}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{StallMs} ms more each sync   {slow50,12:0.00} {slow99,9:0.00}"));
        var isApart = slow50 - p50 > MedianApartMsMax || slow99 - p99 > StallMs / 2.0;
        output.WriteLine(isApart ? "FAILED: the log's disk shows in the first byte." : "No difference beyond noise.");
        return !isApart;
    }

    private async Task<(List<double> Times, int Syncs)> MeasureAsync(RedisServer redis, StubPlane plane, int stallMs)
    {
        var disk = new StallingDisk(TimeSpan.FromMilliseconds(stallMs));
        await using var host = await GatewayHost.StartAsync(
            new GatewayOptions
            {
                DataDir = _folder.FullName,
                WalDir = Path.Combine(_folder.FullName, "wal"),
                Bind = new IPEndPoint(IPAddress.Loopback, 0),
                RedisUrl = redis.Url,
                MasterKey = _master,
                ControlPlaneUrl = plane.Address,
                ControlPlaneToken = "bench",
                GatewayId = "bench",
                AllowPrivateUpstreams = true,
                Disk = disk,
            },
            NullLoggerFactory.Instance, default);
        var url = new Uri(host.Address, "/v1/chat/completions");
        var all = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => CallAsync(url)));
        return ([.. all.SelectMany(times => times)], disk.Syncs);
    }

    private async Task<List<double>> CallAsync(Uri url)
    {
        List<double> times = [];
        var room = new byte[16 * 1024];
        for (var i = 0; i < RequestsEach; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(_body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _secret);
            var begun = Stopwatch.GetTimestamp();
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (!answer.IsSuccessStatusCode)
            {
                throw new InvalidOperationException(
                    $"The gateway refused: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            }

            await using var stream = await answer.Content.ReadAsStreamAsync();
            var read = await stream.ReadAsync(room);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            while (read > 0)
            {
                read = await stream.ReadAsync(room);
            }
        }

        return times;
    }

    // Slots enough that no request waits for the settlement of another: that wait is meant.
    private async Task PrepareAsync(RedisServer server)
    {
        await using var redis = await RedisClient.ConnectAsync(RedisOptions.Parse(server.Url), default);
        var till = new Till(redis.Runner);
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            await till.BuildShardAsync(shard, 1, default);
        }

        await till.HydrateAsync(Account, Usd.FromDollars(1_000_000), 1, true, 10_000, 1, Usd.Zero, 1, default);
        var key = new KeyRecord
        {
            Id = 1, Account = Account, Enabled = true, UserEnabled = true, UserMaxConcurrency = 10_000,
        };
        await redis.SetAsync(
            PlaneMessages.KeyRecordPrefix + HubKeyHash.Of(_secret),
            JsonSerializer.SerializeToUtf8Bytes(key, SnapshotJsonContext.Default.KeyRecord), null, default);
    }

    private Snapshot SnapshotOf()
    {
        var channel = new ChannelEntry
        {
            Id = 1, Name = "bench", Provider = Provider.OpenAi, BaseUrl = _upstream.Url, CredentialType = "api_key",
            SealedCredential = "", Models = ["gpt-4o-mini"],
        };
        var sealedSecret = new SecretBox(_master).Seal(Encoding.UTF8.GetBytes("sk-bench"), channel.CredentialContext);
        return new Snapshot
        {
            Version = 1,
            Channels = [channel with { SealedCredential = sealedSecret }],
            Prices = [new PriceEntry { Id = 1, Model = "*", Input = 100_000_000, Output = 1_000_000_000 }],
        };
    }

    private static double At(List<double> times, double share)
    {
        times.Sort();
        return times[(int)(share * (times.Count - 1))];
    }
}
