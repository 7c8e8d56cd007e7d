using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.Core.Keys;
using TokenHub.Core.Money;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>
/// Plays the control plane's internal calls for one gateway: keys, balances and a ledger in memory, with the real till
/// behind it. The real one is tried against the gateway in the end-to-end tests.
/// </summary>
internal sealed class ScriptedPlane : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RedisClient _redis;
    private readonly Till _till;
    private readonly ChannelSeats _seats;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ConcurrentDictionary<string, KeyRecord> _keys = new();
    private readonly ConcurrentDictionary<long, Account> _accounts = new();
    private readonly ConcurrentDictionary<RequestId, UsageRecord> _records = new();
    private Snapshot _snapshot = Snapshot.Empty;
    private readonly ShardMarks _marks;
    private int _boots;
    private long _epoch = 1;
    private long _rebuild;

    private ScriptedPlane(RedisClient redis, WebApplication app)
    {
        (_redis, _app) = (redis, app);
        _till = new Till(redis.Runner);
        _seats = new ChannelSeats(redis.Runner);
        _marks = new ShardMarks(redis);
    }

    /// <summary>Refuses every call from now on.</summary>
    public bool IsAway { get; set; }

    public int KeyLookUps { get; private set; }

    /// <summary>False leaves a lost shard closed, as while another gateway is waited for.</summary>
    public bool OpensShards { get; set; } = true;

    /// <summary>True refuses the logs of gateways, as while the ledger's database is away.</summary>
    public bool RefusesUsage { get; set; }

    /// <summary>Raised, it asks gateways to tell Redis everything again.</summary>
    public long Replay { get; set; }

    /// <summary>Requests that gateways are asked about.</summary>
    public IReadOnlyList<string>? Unsure { get; set; }

    public ConcurrentQueue<PlaneMessages.GatewayBeat> Beats { get; } = [];

    /// <summary>Channels whose windows gateways had counted.</summary>
    public ConcurrentQueue<PlaneMessages.RecountRequest> Recounts { get; } = new();

    /// <summary>Credentials that were reported as replaced.</summary>
    public ConcurrentQueue<PlaneMessages.CredentialReplaced> Replaced { get; } = new();

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<ScriptedPlane> StartAsync(RedisClient redis)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<Microsoft.Extensions.Logging.LoggerFilterOptions>(
            filter => filter.MinLevel = Microsoft.Extensions.Logging.LogLevel.Error);
        var app = builder.Build();
        var plane = new ScriptedPlane(redis, app);
        app.Run(plane.ServeAsync);
        await app.StartAsync();
        await plane.OpenShardsAsync();
        return plane;
    }

    /// <summary>What gateways are given at the moment.</summary>
    public Snapshot Current => _snapshot;

    public void Publish(Snapshot snapshot) => _snapshot = snapshot with { Version = _snapshot.Version + 1 };

    public void AddAccount(long account, Usd balance) => _accounts[account] = new Account { Balance = balance };

    /// <summary>Makes a key, with its record in Redis, and returns the secret.</summary>
    public async Task<string> AddKeyAsync(KeyRecord record)
    {
        var secret = HubKey.Create();
        await SetKeyAsync(secret, record);
        return secret;
    }

    /// <summary>Changes a key as the control plane does: its own store, then Redis, then the notice.</summary>
    public async Task SetKeyAsync(string secret, KeyRecord? record)
    {
        var hash = HubKeyHash.Of(secret).ToString();
        if (record is null)
        {
            _keys.TryRemove(hash, out _);
            await _redis.DeleteAsync(PlaneMessages.KeyRecordPrefix + hash, default);
        }
        else
        {
            _keys[hash] = record;
            var json = JsonSerializer.SerializeToUtf8Bytes(record, SnapshotJsonContext.Default.KeyRecord);
            await _redis.SetAsync(PlaneMessages.KeyRecordPrefix + hash, json, null, default);
        }

        await _redis.PublishAsync(
            PlaneMessages.ChangeChannel, System.Text.Encoding.UTF8.GetBytes(PlaneMessages.KeyChanged + hash), default);
    }

    /// <summary>The one final record of a request, once the ledger has it.</summary>
    public UsageRecord? Find(RequestId rid) => _records.GetValueOrDefault(rid);

    public IReadOnlyList<UsageRecord> RecordsOf(long account) =>
        [.. _records.Values.Where(r => r.Account == account).OrderBy(r => r.RequestId)];

    public Usd BalanceOf(long account) => _accounts[account].Balance;

    public Task<AccountState?> ReadTillAsync(long account) => _till.ReadAccountAsync(account, default).AsTask();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _turn.Dispose();
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (IsAway || context.Request.Headers.Authorization != "Bearer plane-token")
        {
            context.Response.StatusCode = IsAway ? 503 : 401;
            return;
        }

        try
        {
            await ServeAsync(context, context.Request.Path.Value!);
        }
        catch (RedisUnavailableException)
        {
            context.Response.StatusCode = 503;
        }
    }

    private async Task ServeAsync(HttpContext context, string path)
    {
        switch (path)
        {
            case PlaneMessages.RegisterPath:
                await RegisterAsync(context);
                break;
            case PlaneMessages.BeatPath:
                await BeatAsync(context);
                break;
            case PlaneMessages.SnapshotPath:
                await ServeSnapshotAsync(context);
                break;
            case PlaneMessages.HydratePath:
                await HydrateAsync(context);
                break;
            case PlaneMessages.RecountPath:
                await RecountAsync(context);
                break;
            case PlaneMessages.CredentialPath:
                var replaced = (await JsonSerializer.DeserializeAsync(
                    context.Request.Body, SnapshotJsonContext.Default.CredentialReplaced))!;
                Replaced.Enqueue(replaced);
                await WriteAsync(context, new PlaneMessages.CredentialReceipt(true));
                break;
            case PlaneMessages.UsagePath when RefusesUsage:
                context.Response.StatusCode = 503;
                break;
            case PlaneMessages.UsagePath:
                await TakeUsageAsync(context);
                break;
            default:
                await ServeKeyAsync(context, path);
                break;
        }
    }

    private async Task RegisterAsync(HttpContext context)
    {
        var hello = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, SnapshotJsonContext.Default.GatewayHello))!;
        _boots = Math.Max(_boots + 1, hello.BootNo);
        await WriteAsync(context, new PlaneMessages.GatewayWelcome(1, _boots));
    }

    // As the real one does it, with all shards together and nobody else to wait for.
    private async Task BeatAsync(HttpContext context)
    {
        var beat = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, SnapshotJsonContext.Default.GatewayBeat))!;
        Beats.Enqueue(beat);
        await InTurnAsync(async () =>
        {
            if (_rebuild == 0 && (await _marks.ReadAsync(default)).Any(mark => mark?.Epoch != _epoch))
            {
                _rebuild = ++_epoch;
            }
            else if (_rebuild > 0 && beat.Ready >= _rebuild && OpensShards)
            {
                await OpenShardsAsync();
                _rebuild = 0;
            }
        });
        var closed = _rebuild == 0 ? null : Enumerable.Range(0, Shards.Count)
            .Select(shard => new PlaneMessages.ShardEpoch(shard, _epoch)).ToList();
        await WriteAsync(context, new PlaneMessages.GatewayBeatReply(
            _snapshot.Version, _rebuild, closed, Replay, Unsure));
    }

    private async Task OpenShardsAsync()
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            await _till.BuildShardAsync(shard, _epoch, default);
        }
    }

    private async Task ServeSnapshotAsync(HttpContext context)
    {
        var after = long.Parse(context.Request.Query["after"]!, System.Globalization.CultureInfo.InvariantCulture);
        for (var i = 0; i < 50 && _snapshot.Version <= after; i++)
        {
            await Task.Delay(20, context.RequestAborted);
        }

        if (_snapshot.Version > after)
        {
            await WriteAsync(context, _snapshot);
        }
        else
        {
            context.Response.StatusCode = 304;
        }
    }

    private async Task ServeKeyAsync(HttpContext context, string path)
    {
        KeyLookUps++;
        if (_keys.TryGetValue(path[(path.LastIndexOf('/') + 1)..], out var record))
        {
            await WriteAsync(context, record);
        }
        else
        {
            context.Response.StatusCode = 404;
        }
    }

    private async Task HydrateAsync(HttpContext context)
    {
        var request = await JsonSerializer.DeserializeAsync(
            context.Request.Body, SnapshotJsonContext.Default.HydrateRequest);
        if (!_accounts.TryGetValue(request!.Account, out var account))
        {
            await WriteAsync(context, new PlaneMessages.HydrateReply(false, 0));
            return;
        }

        if (_rebuild > 0)
        {
            await WriteAsync(context, new PlaneMessages.HydrateReply(true, 0));
            return;
        }

        await InTurnAsync(async () =>
        {
            await _till.HydrateAsync(
                request.Account, account.Balance, account.Version, true, 10_000, request.Key,
                account.SpentOf(request.Key), account.Version, default);
        });
        await WriteAsync(context, new PlaneMessages.HydrateReply(true, _epoch));
    }

    private async Task RecountAsync(HttpContext context)
    {
        var request = (await JsonSerializer.DeserializeAsync(
            context.Request.Body, SnapshotJsonContext.Default.RecountRequest))!;
        Recounts.Enqueue(request);
        var claims = request.Windows.Select(window => new WindowClaim(
            window.Name, window.Kind, UsedOf(request.Channel, window), new QuotaPeriod(window.StartMs, window.EndMs)));
        await _seats.RecountAsync(request.Channel, _epoch * Shards.Count, claims.ToArray(), default);
        await WriteAsync(context, new PlaneMessages.RecountReply(true));
    }

    private long UsedOf(long channel, PlaneMessages.WindowPeriod window) => _records
        .Where(pair => pair.Key.UnixMs >= window.StartMs && pair.Key.UnixMs < window.EndMs)
        .SelectMany(pair => pair.Value.Attempts)
        .Where(attempt => attempt.Channel == channel)
        .Sum(attempt => window.Kind switch
        {
            QuotaKind.Requests => 1,
            QuotaKind.Tokens => attempt.Usage.Total,
            _ => TariffMath.Cost(GatewayRig.Tariff, attempt.Usage).Units,
        });

    private async Task TakeUsageAsync(HttpContext context)
    {
        var batch = new MemoryStream();
        await context.Request.Body.CopyToAsync(batch);
        var (last, records) = Read(batch.ToArray());
        await InTurnAsync(async () =>
        {
            foreach (var record in records)
            {
                var account = _accounts[record.Account];
                if (_records.TryAdd(record.RequestId, record))
                {
                    account.Spend(record.Key, record.Cost);
                }

                await _till.AckAsync(
                    record.Account, account.Balance, account.Version, record.Key, account.SpentOf(record.Key),
                    account.Version, [record.RequestId], default);
            }
        });
        await WriteAsync(context, new PlaneMessages.UsageReceipt(last, records.Count, 0, 0));
    }

    private async Task InTurnAsync(Func<Task> action)
    {
        await _turn.WaitAsync();
        try
        {
            await action();
        }
        finally
        {
            _turn.Release();
        }
    }

    private static (long Last, List<UsageRecord> Records) Read(byte[] batch)
    {
        ReadOnlySpan<byte> rest = batch;
        List<UsageRecord> records = [];
        var last = 0L;
        while (UsageBatch.TryTake(ref rest, out var lsn, out var bytes))
        {
            last = lsn;
            if (UsageRecordCodec.TryRead(bytes, out var record))
            {
                records.Add(record);
            }
        }

        return (last, records);
    }

    private static Task WriteAsync<T>(HttpContext context, T value) =>
        JsonSerializer.SerializeAsync(context.Response.Body, value, typeof(T), SnapshotJsonContext.Default);

    private sealed class Account
    {
        private readonly Dictionary<long, Usd> _spent = [];

        public Usd Balance { get; set; }

        public long Version { get; private set; } = 1;

        public Usd SpentOf(long key) => _spent.GetValueOrDefault(key);

        public void Spend(long key, Usd cost)
        {
            Balance -= cost;
            _spent[key] = SpentOf(key) + cost;
            Version++;
        }
    }
}
