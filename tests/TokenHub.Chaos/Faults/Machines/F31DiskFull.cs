using TokenHub.Chaos.Rigs;
using TokenHub.Chaos.Stores;
using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Machines;

/// <summary>
/// A disk fills up: under the gateways, new requests are refused while there is still room and what runs is closed;
/// under PostgreSQL, the gateways' logs keep what it cannot take; under Redis, money fails closed. Everything goes on
/// when there is room again.
/// </summary>
internal sealed class F31DiskFull : IFault, IDisposable
{
    private const int GatewayMegabytes = 600;
    private const int DatabaseMegabytes = 300;
    private const int StoreMegabytes = 64;
    private SmallDisk? _gateways;
    private SmallDisk? _database;
    private SmallDisk? _store;

    public string Id => "F31";

    public string Says => "the disk of gateways, PostgreSQL, Redis is full";

    public bool NeedsOwnRig => true;

    public RigOptions Fit(RigOptions options)
    {
        _gateways = SmallDisk.Create(GatewayMegabytes);
        _database = SmallDisk.Create(DatabaseMegabytes);
        _store = SmallDisk.Create(StoreMegabytes);
        return options with
        {
            GatewayFolder = _gateways.Folder, DatabaseFolder = _database.Folder, StoreFolder = _store.Folder,
        };
    }

    public async Task PlayAsync(Trial trial)
    {
        await UnderGatewaysAsync(trial, _gateways!);
        await UnderDatabaseAsync(trial, _database!);
        if (trial.Rig.Store is RedisStore)
        {
            await UnderStoreAsync(trial, _store!);
        }
    }

    public void Dispose()
    {
        foreach (var disk in (SmallDisk?[])[_gateways, _database, _store])
        {
            disk?.Dispose();
        }
    }

    private static async Task UnderGatewaysAsync(Trial trial, SmallDisk disk)
    {
        var streams = Enumerable.Range(0, 20).Select(i => trial.ServedCallAsync(i % 2, errand =>
        {
            trial.Rig.Upstream.Plan(errand.Model, new UpstreamPlan(100, 40));
            return errand with { IsStream = true };
        })).ToList();
        await trial.PauseAsync(600);

        // Less than a segment of the log: the next one could not be set aside.
        disk.FillTo(16 << 20);
        await RefusesAsync(trial, "a gateway's disk that is nearly full");
        disk.FillTo(0);
        var ended = await Task.WhenAll(streams);
        trial.Expect(
            ended.All(receipt => receipt.IsWhole), $"{ended.Count(r => !r.IsWhole)} of 20 running streams did not finish");
        trial.Expect(trial.Rig.Gateways.All(gateway => gateway.IsRunning), "a gateway has died of a full disk");
        await trial.PauseAsync(1000);
        disk.Empty();
        await ServesAsync(trial);
    }

    private static async Task UnderDatabaseAsync(Trial trial, SmallDisk disk)
    {
        disk.FillTo(0);
        for (var i = 0; i < 20; i++)
        {
            var receipt = await trial.ServedCallAsync(i % 2);
            trial.Expect(receipt.IsWhole, $"with PostgreSQL's disk full a call was answered {receipt.Status} {receipt.Tail}");
            await trial.PauseAsync(150);
        }

        disk.Empty();
        if (!trial.Rig.Database.IsRunning)
        {
            trial.Note("PostgreSQL had ended");
            await trial.Rig.Database.StartAgainAsync();
        }
    }

    private static async Task UnderStoreAsync(Trial trial, SmallDisk disk)
    {
        disk.FillTo(0);
        await RefusesAsync(trial, "a Redis that cannot write its file");
        disk.Empty();
        await ServesAsync(trial);
    }

    private static async Task RefusesAsync(Trial trial, string what)
    {
        var refused = await trial.WaitAsync(
            async () => await trial.CallAsync(0) is { Status: 503, HasRetryAfter: true }, TimeSpan.FromSeconds(8));
        trial.Expect(refused, $"a new request is served on {what}");
    }

    private static async Task ServesAsync(Trial trial)
    {
        // Each gateway looks for room by itself, once a second.
        for (var i = 0; i < trial.Rig.Gateways.Count; i++)
        {
            var gateway = i;
            var serves = await trial.WaitAsync(
                async () => (await trial.CallAsync(gateway)).IsWhole, TimeSpan.FromSeconds(10));
            trial.Expect(serves, $"gateway {i} serves no request although there is room again");
        }
    }
}
