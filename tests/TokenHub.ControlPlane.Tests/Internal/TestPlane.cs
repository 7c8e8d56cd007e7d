using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using TokenHub.ControlPlane.Internal;
using TokenHub.ControlPlane.Publishing;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.ControlPlane.Tests.Internal;

/// <summary>The part of a control plane that serves gateways, on a real port over real stores.</summary>
internal sealed class TestPlane : IAsyncDisposable
{
    public const string Token = "a token that only planes know";

    private readonly WebApplication _app;
    private readonly bool _ownsStores;
    private readonly TaskCompletionSource _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StrongBox<int> _calls = new();
    private int _names;

    private TestPlane(
        WebApplication app, NpgsqlDataSource database, RedisServer server, RedisClient redis, bool ownsStores)
    {
        _app = app;
        _ownsStores = ownsStores;
        Database = database;
        Server = server;
        Redis = redis;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        redis.Subscriber.Subscribe(
            PlaneMessages.ChangeChannel,
            message => Notices.Enqueue(Encoding.ASCII.GetString(message)),
            () => _listening.TrySetResult());
    }

    public NpgsqlDataSource Database { get; }

    public RedisServer Server { get; }

    public RedisClient Redis { get; }

    public HttpClient Http { get; }

    /// <summary>Calls that have come in, answered or not.</summary>
    public int CallCount => Volatile.Read(ref _calls.Value);

    /// <summary>What gateways were told.</summary>
    public ConcurrentQueue<string> Notices { get; } = [];

    public ChangePublisher Publisher => _app.Services.GetRequiredService<ChangePublisher>();

    public static async Task<TestPlane> StartAsync(
        PlaneStores stores, bool runsLoops = true, bool appendOnly = false)
    {
        var database = await stores.CreateDatabaseAsync();
        var server = await RedisServer.StartAsync(appendOnly);
        return await StartAsync(database, server, Token, runsLoops, ownsStores: true);
    }

    /// <summary>Another control plane over the same stores.</summary>
    public Task<TestPlane> StartAnotherAsync(string token = Token, NpgsqlDataSource? database = null) =>
        StartAsync(database ?? Database, Server, token, runsLoops: database is null, ownsStores: false);

    public async Task<TReply> PostAsync<TRequest, TReply>(
        string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TReply> replyType)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(request, requestType));
        using var response = await Http.PostAsync(path, content);
        Assert.True(response.IsSuccessStatusCode, $"{path} answered {(int)response.StatusCode}");
        return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(), replyType)!;
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = await Database.OpenConnectionAsync();
        Assert.NotEqual(0, await connection.ExecuteAsync(sql, parameters));
    }

    /// <summary>A user with a key, as the public API would add them.</summary>
    public async Task<(long User, long Key, HubKeyHash Hash)> AddUserAsync()
    {
        var name = $"user{Interlocked.Increment(ref _names)}@example.com";
        var user = await ScalarAsync<long>(
            "insert into users (email, password_hash, role) values (@name, '', 'member') returning id", new { name });
        var hash = HubKeyHash.Of(HubKey.Create());
        return (user, await AddKeyAsync(user, hash), hash);
    }

    public Task<long> AddKeyAsync(long user, HubKeyHash hash) => ScalarAsync<long>(
        """
        insert into api_keys (user_id, name, secret_hash, shown, models, rpm)
        values (@user, 'k', @hash, 'sk-hub-12345', '{gpt-*}', 60)
        returning id
        """,
        new { user, hash = hash.ToBytes() });

    public Task<PlaneMessages.GatewayWelcome> RegisterAsync(string gatewayId) => PostAsync(
        PlaneMessages.RegisterPath, new PlaneMessages.GatewayHello(gatewayId, "1"),
        SnapshotJsonContext.Default.GatewayHello, SnapshotJsonContext.Default.GatewayWelcome);

    public Task<PlaneMessages.HydrateReply> HydrateAsync(long user, long key) => PostAsync(
        PlaneMessages.HydratePath, new PlaneMessages.HydrateRequest(user, key),
        SnapshotJsonContext.Default.HydrateRequest, SnapshotJsonContext.Default.HydrateReply);

    /// <summary>A key's record as gateways find it in Redis.</summary>
    public async Task<KeyRecord?> RecordAsync(HubKeyHash hash)
    {
        var json = await Redis.GetAsync(PlaneMessages.KeyRecordPrefix + hash, CancellationToken.None);
        return json is null ? null : JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.KeyRecord);
    }

    public static Task UntilAsync(Func<Task<bool>> condition, string what) =>
        Probe.UntilAsync(condition, TimeSpan.FromSeconds(30), what);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Redis.DisposeAsync();
        if (_ownsStores)
        {
            await Server.DisposeAsync();
            await Database.DisposeAsync();
        }
    }

    private static async Task<TestPlane> StartAsync(
        NpgsqlDataSource database, RedisServer server, string token, bool runsLoops, bool ownsStores)
    {
        var redis = await RedisClient.ConnectAsync(
            RedisOptions.Parse(server.Url) with { CallTimeout = TimeSpan.FromSeconds(2), ContinuesInline = false },
            CancellationToken.None);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(database).AddSingleton(redis).AddLedger().AddPublishing();
        if (!runsLoops)
        {
            foreach (var loop in builder.Services
                .Where(s => s.ImplementationType == typeof(PublishingLoop)).ToList())
            {
                builder.Services.Remove(loop);
            }
        }

        var app = builder.Build();
        var calls = new StrongBox<int>();
        app.Use(next => context =>
        {
            Interlocked.Increment(ref calls.Value);
            return next(context);
        });
        app.MapInternalEndpoints(token);
        await app.StartAsync();
        var plane = new TestPlane(app, database, server, redis, ownsStores) { _calls = calls };
        await plane._listening.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return plane;
    }
}
