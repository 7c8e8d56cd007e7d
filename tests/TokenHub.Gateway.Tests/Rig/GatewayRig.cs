using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>
/// A gateway in this process on a real port, with a real Redis, a scripted control plane and upstreams.
/// </summary>
internal sealed class GatewayRig : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-gateway-");
    private readonly RedisClient _redisClient;
    private readonly List<ScriptedUpstream> _upstreams = [];
    private readonly List<ChannelEntry> _channels = [];
    private GatewayHost? _host;
    private long _accounts = 1000;

    private GatewayRig(RedisServer redis, RedisClient redisClient, ScriptedPlane plane)
    {
        (Redis, _redisClient, Plane) = (redis, redisClient, plane);
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    }

    public RedisServer Redis { get; }

    public ScriptedPlane Plane { get; }

    public HttpClient Http { get; }

    public GatewayHost Host => _host!;

    public Uri Address => Host.Address;

    /// <summary>Prices of every model: dollars for a million tokens.</summary>
    public static PriceEntry Price { get; } = Entries.Price("*", input: 10, output: 100);

    /// <summary>The prices in force.</summary>
    public List<PriceEntry> Prices { get; } = [Price];

    public static Tariff Tariff => Price.ToTariff();

    public static async Task<GatewayRig> StartAsync(Func<GatewayOptions, GatewayOptions>? change = null)
    {
        var redis = await RedisServer.StartAsync();
        var client = await RedisClient.ConnectAsync(
            RedisOptions.Parse(redis.Url) with { ContinuesInline = false, CallTimeout = TimeSpan.FromSeconds(5) }, default);
        var rig = new GatewayRig(redis, client, await ScriptedPlane.StartAsync(client));
        await rig.StartGatewayAsync(change ?? (o => o));
        return rig;
    }

    /// <summary>An upstream with a channel for it in force.</summary>
    public async Task<ScriptedUpstream> AddUpstreamAsync(
        Provider provider, string[] models, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        var upstream = ScriptedUpstream.Start();
        _upstreams.Add(upstream);
        await AddChannelAsync(Entries.Channel(_channels.Count + 1, upstream.Url, provider, models), change);
        return upstream;
    }

    public Task AddChannelAsync(ChannelEntry channel, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        _channels.Add(change is null ? channel : change(channel));
        return PublishAsync(Entries.Snapshot([.. _channels], [.. Prices]));
    }

    public async Task PublishAsync(Snapshot snapshot)
    {
        var before = Host.Rooms.Snapshots.Version;
        Plane.Publish(snapshot);
        await Probe.UntilAsync(() => Host.Rooms.Snapshots.Version > before, Patience, "the gateway follows the snapshot");
    }

    /// <summary>A user with a balance and a key.</summary>
    public async Task<Caller> AddCallerAsync(
        string balance = "10", Func<KeyRecord, KeyRecord>? change = null)
    {
        Assert.True(UsdText.TryParse(balance, out var amount));
        var account = Interlocked.Increment(ref _accounts);
        Plane.AddAccount(account, amount);
        var record = Entries.Key(id: account + 100_000, account: account);
        record = change is null ? record : change(record);
        return new Caller(this, await Plane.AddKeyAsync(record), record, amount);
    }

    /// <summary>Waits until nothing is held by the account, neither in Redis nor in the in-flight table.</summary>
    public async Task AssertNothingHeldAsync(long account)
    {
        await Probe.UntilAsync(() => Host.Rooms.Metrics.Active == 0, Patience, "no request is running");
        await Probe.UntilAsync(() => Host.Rooms.Table.OpenCount == 0, Patience, "the in-flight table is empty");
        await Probe.UntilAsync(
            () => HoldsNothingAsync(account),
            Patience,
            "nothing is held in Redis");
        Assert.Equal(0, Host.Rooms.Metrics.Leaks);
    }

    /// <summary>Waits for the final record of a request.</summary>
    public async Task<UsageRecord> RecordOfAsync(RequestId rid)
    {
        await Probe.UntilAsync(() => Plane.Find(rid) is not null, Patience, $"the record of {rid} reaches the ledger");
        return Plane.Find(rid)!;
    }

    /// <summary>Waits until the ledger has so many records of an account.</summary>
    public async Task<IReadOnlyList<UsageRecord>> RecordsOfAsync(long account, int count)
    {
        await Probe.UntilAsync(() => Plane.RecordsOf(account).Count >= count, Patience, $"{count} records reach the ledger");
        Assert.Equal(count, Plane.RecordsOf(account).Count);
        return Plane.RecordsOf(account);
    }

    public async Task RestartGatewayAsync(Func<GatewayOptions, GatewayOptions>? change = null)
    {
        await Host.DisposeAsync();
        await StartGatewayAsync(change ?? (o => o));
    }

    /// <summary>A plain Redis command, for what only an accident would do; its answer as text.</summary>
    public async Task<string> CommandAsync(params string[] words)
    {
        var call = _redisClient.Runner.Begin(Encoding.ASCII.GetBytes(words[0]));
        foreach (var word in words.Skip(1))
        {
            call.Add(word);
        }

        using var reply = await _redisClient.Runner.RunAsync(call, default);
        return Encoding.ASCII.GetString(reply.Read().ReadBytes());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        foreach (var upstream in _upstreams)
        {
            await upstream.DisposeAsync();
        }

        await Plane.DisposeAsync();
        await _redisClient.DisposeAsync();
        await Redis.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // After Redis was away, the connection of the scripted control plane may come back later than the gateway's.
    private async Task<bool> HoldsNothingAsync(long account)
    {
        try
        {
            return await Plane.ReadTillAsync(account) is null or { Held.Units: 0, OpenHolds: 0 };
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    private async Task StartGatewayAsync(Func<GatewayOptions, GatewayOptions> change)
    {
        var options = TestOptions.Create(_folder.FullName) with
        {
            RedisUrl = Redis.Url,
            ControlPlaneUrl = Plane.Address,
            DeadlineTick = TimeSpan.FromMilliseconds(50),
            DrainTimeout = TimeSpan.FromSeconds(2),
            RedisCallTimeout = TimeSpan.FromSeconds(4),
        };
        _host = await GatewayHost.StartAsync(change(options), NullLoggerFactory.Instance, default);
    }

    /// <summary>Somebody who calls, and what he calls with.</summary>
    internal sealed record Caller(GatewayRig Rig, string Secret, KeyRecord Key, Usd Balance)
    {
        public long Account => Key.Account;

        public async Task<HttpResponseMessage> SendAsync(
            HttpMethod method, string path, string? body = null, CancellationToken cancel = default, params string[] headers)
        {
            var request = new HttpRequestMessage(method, new Uri(Rig.Address.AbsoluteUri.TrimEnd('/') + path));
            if (Secret.Length > 0)
            {
                request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Secret);
            }

            if (body is not null)
            {
                request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
                request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            }

            foreach (var header in headers)
            {
                var parts = header.Split(": ", 2);
                request.Headers.TryAddWithoutValidation(parts[0], parts[1]);
            }

            return await Rig.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        }

        /// <summary>Sends bytes of any type.</summary>
        public async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string contentType)
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(Rig.Address.AbsoluteUri.TrimEnd('/') + path))
            {
                Content = new ByteArrayContent(body),
            };
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + Secret);
            return await Rig.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        public Task<HttpResponseMessage> PostAsync(string path, string body, params string[] headers) =>
            SendAsync(HttpMethod.Post, path, body, default, headers);
    }
}

internal static class Answers
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public static RequestId RequestId(this HttpResponseMessage response)
    {
        Assert.True(Core.Requests.RequestId.TryParse(response.Headers.GetValues("x-request-id").Single(), out var id));
        return id;
    }

    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
