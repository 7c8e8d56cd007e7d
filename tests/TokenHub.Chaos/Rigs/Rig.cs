using System.Text.Json.Nodes;
using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Invariants;
using TokenHub.Chaos.Stores;
using TokenHub.Chaos.Upstreams;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Rigs;

/// <summary>
/// The whole product as processes on loopback, with a proxy on each edge, between clients and an upstream that both
/// keep their own truth.
/// </summary>
internal sealed class Rig : IAsyncDisposable
{
    public const string AdminEmail = "admin@example.com";
    public const string InputPrice = "1.00";
    public const string OutputPrice = "4.00";
    private const int RichPayers = 4;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-chaos-");

    private Rig(RigOptions options) => Options = options;

    public RigOptions Options { get; }

    public required IStore Store { get; set; }

    public required Database Database { get; init; }

    public required Edges Edges { get; init; }

    public required TruthfulUpstream Upstream { get; init; }

    public required Workload Workload { get; init; }

    public List<Plane> Gateways { get; } = [];

    public List<Plane> ControlPlanes { get; } = [];

    public ConsoleApi Api { get; private set; } = null!;

    /// <summary>The last of them has so little money that it runs out.</summary>
    public List<Payer> Payers { get; } = [];

    public Swarm Swarm { get; private set; } = null!;

    /// <summary>What the failure model grants for the faults played so far.</summary>
    public Allowances Allowances { get; } = new();

    public SemaphoreSlim StoreGate { get; } = new(1);

    public int Poor => Payers.Count - 1;

    public static async Task<Rig> StartAsync(RigOptions options, CancellationToken cancel)
    {
        var workload = new Workload(options.Seed, RichPayers + 1, options.PaceMs);
        var database = Database.StartAsync(options.DatabaseFolder);
        var store = await StoreOf(options);
        var upstream = new TruthfulUpstream(options.Channels, workload.PlanOf);
        var rig = new Rig(options)
        {
            Store = store, Database = await database, Upstream = upstream, Workload = workload,
            Edges = RigParts.EdgesOf(options, store, (await database).Port, upstream),
        };
        try
        {
            cancel.ThrowIfCancellationRequested();
            await rig.LaunchAsync();
            return rig;
        }
        catch
        {
            await rig.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another control plane on the same PostgreSQL and Redis.</summary>
    public async Task<Plane> AddControlPlaneAsync()
    {
        var plane = RigParts.ControlPlaneOf(this, _folder.FullName, ControlPlanes.Count, FreePort.Next());
        ControlPlanes.Add(plane);
        await plane.StartAsync();
        return plane;
    }

    /// <summary>Everything runs and every edge is whole again. Returns when each part says that it is ready.</summary>
    public async Task HealAsync()
    {
        Edges.Heal();
        if (!Database.IsRunning)
        {
            await Database.StartAgainAsync();
        }

        foreach (var plane in ControlPlanes.Concat(Gateways).Where(plane => !plane.IsRunning))
        {
            plane.Launch();
        }

        foreach (var plane in ControlPlanes.Concat(Gateways))
        {
            await plane.WaitReadyAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var plane in Gateways.Concat(ControlPlanes))
        {
            await plane.DisposeAsync();
        }

        Api?.Dispose();
        Swarm?.Dispose();
        await Edges.DisposeAsync();
        await Upstream.DisposeAsync();
        await Store.DisposeAsync();
        await Database.DisposeAsync();
        StoreGate.Dispose();
        _folder.Delete(recursive: true);
    }

    private static async Task<IStore> StoreOf(RigOptions options) => options.Backend switch
    {
        "redis" => await RedisStore.StartAsync(options.StoreFolder),
        "garnet" => await GarnetStore.StartAsync(),
        "cluster" => await ClusterStore.StartAsync(),
        _ => throw new NotSupportedException($"There is no backend '{options.Backend}'."),
    };

    private async Task LaunchAsync()
    {
        // Both sides of an edge have to know of it before the plane behind it has a port of its own.
        ControlPlanes.Add(RigParts.ControlPlaneOf(this, _folder.FullName, 0, Edges.GatewayPlanes[0].TargetPort));
        await ControlPlanes[0].StartAsync();
        Api = new ConsoleApi(ControlPlanes[0].Url);
        await Api.SignInAsync(AdminEmail, Canaries.AdminPassword);
        await FurnishAsync();
        for (var i = 0; i < Edges.Clients.Count; i++)
        {
            Gateways.Add(RigParts.GatewayOf(this, Options.GatewayFolder ?? _folder.FullName, i));
            Gateways[i].Launch();
        }

        foreach (var gateway in Gateways)
        {
            await gateway.WaitReadyAsync();
        }

        var callers = Edges.Clients.Select((edge, i) => new Caller(new Uri(edge.Url), i, Canaries.Prompt)).ToList();
        Swarm = new Swarm(Workload, callers, payer => Payers[payer].Key);
        await Probe.UntilAsync(
            async () => (await Swarm.CallAsync(0, ProbeErrand(), default)).IsWhole
                && (await Swarm.CallAsync(1, ProbeErrand(), default)).IsWhole,
            TimeSpan.FromSeconds(20), "both gateways serve");
    }

    /// <summary>A short call of a payer who has money.</summary>
    public Errand ProbeErrand() => Workload.Of(Swarm.NextNumber()) with { Payer = 0, CutAfterTokens = 0 };

    private async Task FurnishAsync()
    {
        var (ownerId, _) = await Api.CreateMemberAsync("owner@example.com", null);
        for (var i = 0; i < Options.Channels; i++)
        {
            await Api.CallAsync("POST", "/channels", new JsonObject
            {
                ["name"] = $"channel {i}", ["provider"] = "openai", ["base_url"] = Edges.Upstreams[i].Url,
                ["credential"] = new JsonObject { ["type"] = "api_key", ["api_key"] = Canaries.UpstreamKey },
                ["models"] = new JsonArray(Workload.Pattern), ["priority"] = -i, ["owner_user_id"] = ownerId,
                ["owner_share_bp"] = 2500,
            });
        }

        await Api.SetPriceAsync(Workload.Pattern, InputPrice, OutputPrice);
        for (var i = 0; i <= RichPayers; i++)
        {
            var (id, key) = await Api.CreateMemberAsync($"payer{i}@example.com", i < RichPayers ? "1000" : "0.006");
            var most = 5000;
            if (i == RichPayers)
            {
                most = 6;
                await Api.CallAsync("PATCH", $"/users/{id}", new JsonObject { ["max_concurrency"] = most });
            }

            Payers.Add(new Payer(RigParts.NumberOf(id), id, key, most));
        }
    }
}
