using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Keys;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Auth;
using TokenHub.Gateway.Channels.Gate;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Forwarding;
using TokenHub.Gateway.Forwarding.Attempts;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Gateway.Listening;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Reservation;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Snapshots;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;

namespace TokenHub.Gateway;

/// <summary>Builds the gateway with plain constructors, starts it, and takes it down losing no request.</summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    private static readonly TimeSpan RedisPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstSnapshotWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AckWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan CutWithin = TimeSpan.FromSeconds(5);

    private readonly GatewayOptions _options;
    private readonly ILogger _log;
    private readonly RedisClient _redis;
    private readonly PlaneClient _plane;
    private readonly IdentityFile _file;
    private readonly SettlementStart _settlement;
    private readonly UpstreamPool _upstreams;
    private readonly GatewayRooms _rooms;
    private readonly KestrelStart _kestrel;
    private readonly Heartbeat _heartbeat;
    private readonly CancellationTokenSource _background = new();
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _tasks = [];
    private int _isStopped;

    private GatewayHost(
        GatewayOptions options, ILogger log, RedisClient redis, PlaneClient plane, IdentityFile file,
        SettlementStart settlement, UpstreamPool upstreams, GatewayRooms rooms, KestrelStart kestrel)
    {
        (_options, _log, _redis, _plane, _file, _settlement) = (options, log, redis, plane, file, settlement);
        (_upstreams, _rooms, _kestrel) = (upstreams, rooms, kestrel);
        _heartbeat = new Heartbeat(
            plane, settlement.Settler, settlement.Table, rooms.Snapshots, rooms.Gate,
            new KnownRequests(settlement.Table, rooms.Ids, rooms.Time), options.GatewayId, Address.ToString());
        rooms.Gate.OnClosed = _heartbeat.Wake;
        redis.Subscriber.Subscribe(PlaneMessages.LossChannel, _ => _heartbeat.Wake(), _heartbeat.Wake);
    }

    public Uri Address => _kestrel.Address;

    /// <summary>Done when a background task has ended that must not end.</summary>
    public Task Failed => _failed.Task;

    internal GatewayRooms Rooms => _rooms;

    internal RedisClient Redis => _redis;

    internal ChannelSetup Channels { get; private init; } = null!;

    public static async Task<GatewayHost> StartAsync(
        GatewayOptions options, ILoggerFactory logs, CancellationToken cancel)
    {
        var log = logs.CreateLogger("TokenHub.Gateway");
        // First what a former process left: neither Redis nor the control plane is needed for it.
        var file = IdentityFile.Open(options.WalDir);
        var plane = new PlaneClient(options.ControlPlaneUrl, options.ControlPlaneToken);
        var settlement = await SettlementStart.OpenAsync(options, plane, log, cancel);
        var identity = await Registration.RegisterAsync(
            plane, file, options.GatewayId, GatewayVersion.Text, reason => GatewayLog.Waiting(log, reason), cancel);
        plane.Identity = identity;
        var redis = await ConnectRedisAsync(options, log, cancel);
        var till = new Till(redis.Runner, joinsByItself: false);
        var snapshots = new SnapshotHolder();
        var metrics = new GatewayMetrics();
        var channels = new ChannelSetup(TimeProvider.System, redis, till, plane, identity, snapshots, metrics);
        var box = new SecretBox(options.MasterKey, options.MasterKeyOld);
        var refresher = new SnapshotRefresher(plane, snapshots, box, channels.Lives, options.DataDir);
        await LoadSnapshotAsync(refresher, log, cancel);
        var upstreams = new UpstreamPool(options);
        var rooms = BuildRooms(
            options, redis, plane, identity, till, settlement, snapshots, channels, metrics, upstreams, log);
        // Before the doors open, so that the first request finds its shard joined; what fails is tried again later.
        await rooms.Gate.TellAllAsync(cancel);
        var kestrel = await KestrelStart.StartAsync(options, new GatewayApplication(rooms, log), logs, cancel);
        var host = new GatewayHost(options, log, redis, plane, file, settlement, upstreams, rooms, kestrel)
        {
            Channels = channels,
        };
        host.RunBackground(refresher, till, channels);
        GatewayLog.Serving(log, host.Address.ToString(), identity.GatewayNo, identity.BootNo);
        return host;
    }

    /// <summary>
    /// New requests are refused, running ones may finish; then the log is flushed and, if the control plane is there,
    /// acknowledged.
    /// </summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) == 1)
        {
            return;
        }

        _rooms.Local.IsDraining = true;
        _heartbeat.Draining = true;
        GatewayLog.Draining(_log, _rooms.Metrics.Active);
        var until = Environment.TickCount64 + (long)_options.DrainTimeout.TotalMilliseconds;
        while (_rooms.Metrics.Active > 0 && Environment.TickCount64 < until)
        {
            await Task.Delay(20);
        }

        var cutOff = _rooms.Metrics.Active;
        _rooms.Drains.Close();
        using (var atOnce = new CancellationTokenSource())
        {
            await atOnce.CancelAsync();
            await _kestrel.Server.StopAsync(atOnce.Token);
        }

        // Requests that were cut off still have to be closed.
        until = Environment.TickCount64 + (long)CutWithin.TotalMilliseconds;
        while (_rooms.Metrics.Active > 0 && Environment.TickCount64 < until)
        {
            await Task.Delay(5);
        }

        var isAcknowledged = await _settlement.Settler.DrainAsync(AckWithin, CancellationToken.None);
        await _background.CancelAsync();
        await Task.WhenAll(_tasks);
        if (isAcknowledged)
        {
            await _heartbeat.LeaveAsync();
        }

        GatewayLog.Stopped(_log, cutOff, isAcknowledged);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _kestrel.DisposeAsync();
        _rooms.Deadlines.Dispose();
        _rooms.Queue.Dispose();
        _upstreams.Dispose();
        _settlement.Settler.Dispose();
        _settlement.Table.Dispose();
        await _redis.DisposeAsync();
        _plane.Dispose();
        _file.Dispose();
        _heartbeat.Dispose();
        _rooms.Gate.Dispose();
        _background.Dispose();
    }

    private static GatewayRooms BuildRooms(
        GatewayOptions options, RedisClient redis, PlaneClient plane, GatewayIdentity identity, Till till,
        SettlementStart settlement, SnapshotHolder snapshots, ChannelSetup channels, GatewayMetrics metrics,
        UpstreamPool upstreams, ILogger log)
    {
        var time = TimeProvider.System;
        var source = new KeySource(redis, plane, outlivesRedis: options.LendsGrace);
        var keys = new KeyTable(source.FindAsync, () => redis.Subscriber.IsConnected, options, time);
        KeyNotices.Follow(redis.Subscriber, keys);
        var gate = new ShardGate(redis, till, new Replay(settlement.Table, settlement.Files, till));
        var grace = new GraceLine(options.LendsGrace, time);
        settlement.Redis.OnSettled = grace.Settled;
        var tokens = new TokenFetch(upstreams, time, allowsOtherIssuers: options.AllowPrivateUpstreams);
        var side = new SideStore(redis, log);
        return new GatewayRooms
        {
            Options = options,
            Time = time,
            Ids = new RequestIdSource(identity.GatewayNo, identity.BootNo),
            Metrics = metrics,
            Local = new LocalAnswers(
                redis, snapshots, settlement.Settler, settlement.Table, grace, channels.Circuits, metrics),
            Front = new RequestFront(options),
            Auth = new KeyAuth(keys, new ClientAddress(options.TrustedProxies), time),
            Snapshots = snapshots,
            Affinity = new ConversationBinder(
                new BindingStore(redis, time, log) { Patience = options.BindingPatience }, metrics.Conversations, time),
            Picker = channels.Picker,
            Queue = channels.Queue,
            Till = till,
            Reserver = new Reserver(
                till, gate, plane, identity, options, settlement.Redis.Closings, grace,
                new GroupLimits(new GroupRates(redis.Runner))),
            Grace = grace,
            Gate = gate,
            Table = settlement.Table,
            Drains = new DrainGate(options.ClientDrainsMax, options.ClientDrainTime),
            Deadlines = new Deadlines(options.DeadlineTick),
            Admission = channels.Admission,
            Forwarder = new Forwarder(
                new AttemptRunner(
                    new UpstreamCalls(upstreams, new UpstreamCredentials(
                        tokens.FetchAsync,
                        new CredentialKeeper(plane, new SecretBox(options.MasterKey, options.MasterKeyOld)), time,
                        log)),
                    new RequestTranslation(side, new MediaFetch(options), log), new AnswerTranslations(side), options,
                    time),
                options.Admission(channels.Admission), channels.Circuits, new RetryBudget(() => metrics.Active),
                () => snapshots.Current.Settings.Routing, options, metrics, time, log),
            Settler = settlement.Settler,
            Lengths = channels.Lengths,
            Circuits = new SharedCircuits(
                redis, channels.Circuits, () => snapshots.Current.Channels,
                $"{identity.GatewayNo}.{identity.BootNo}", log),
        };
    }

    private static async Task<RedisClient> ConnectRedisAsync(
        GatewayOptions options, ILogger log, CancellationToken cancel)
    {
        var redisOptions = RedisOptions.Parse(options.RedisUrl) with { CallTimeout = options.RedisCallTimeout };
        while (true)
        {
            try
            {
                await ScriptIsolation.VerifyAsync(redisOptions, cancel);
                return await RedisClient.ConnectAsync(redisOptions, cancel);
            }
            catch (RedisUnavailableException error)
            {
                GatewayLog.Waiting(log, error.Message);
                await Task.Delay(RedisPause, cancel);
            }
        }
    }

    // A gateway may serve from the snapshot on its disk; without any it waits a little for the first one.
    private static async Task LoadSnapshotAsync(SnapshotRefresher refresher, ILogger log, CancellationToken cancel)
    {
        await refresher.LoadFromDiskAsync(cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(FirstSnapshotWithin);
        try
        {
            await refresher.FetchNowAsync(limit.Token);
        }
        catch (Exception error) when (error is PlaneUnavailableException or IOException or JsonException)
        {
            GatewayLog.Waiting(log, error.Message);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The control plane is slow or away; what the disk had serves.
        }
    }

    private void RunBackground(SnapshotRefresher refresher, Till till, ChannelSetup channels)
    {
        Run("snapshots", refresher.RunAsync);
        Run("heartbeat", _heartbeat.RunAsync);
        Run("circuits", _rooms.Circuits.RunAsync);
        Run("redis settlement", token => _settlement.Redis.RunAsync(till, token));
        Run("shard gate", _rooms.Gate.RunAsync);
        Run("log", _settlement.Settler.Failed.WaitAsync);
        Run("later boot", _heartbeat.Superseded.WaitAsync);
        Run("usage shipper", _settlement.Shipper.RunAsync);
        Run("channel gate", new GateRounds(channels.Gate, _rooms.Snapshots, _rooms.Time).RunAsync);
        Run("hold keeper", new HoldKeeper(_settlement.Table, till).RunAsync);
    }

    private void Run(string name, Func<CancellationToken, Task> run) => _tasks.Add(Task.Run(async () =>
    {
        try
        {
            await run(_background.Token);
            GatewayLog.BackgroundEnded(_log, name, null);
        }
        catch (OperationCanceledException) when (_background.IsCancellationRequested)
        {
            return;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            GatewayLog.BackgroundEnded(_log, name, error);
        }

        _failed.TrySetResult();
    }));
}
