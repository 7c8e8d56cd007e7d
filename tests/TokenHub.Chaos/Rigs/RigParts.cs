using System.Globalization;
using TokenHub.Chaos.Proxies;
using TokenHub.Chaos.Stores;
using TokenHub.Chaos.Upstreams;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;

namespace TokenHub.Chaos.Rigs;

/// <summary>How the parts of a rig are put together.</summary>
internal static class RigParts
{
    private const int GatewayCount = 2;

    public static Edges EdgesOf(RigOptions options, IStore store, int databasePort, TruthfulUpstream upstream)
    {
        var seed = options.Seed;
        var consolePort = FreePort.Next();
        FaultProxy Edge(string name, int port) => new(name, port, ++seed);
        IReadOnlyList<FaultProxy> StoreEdges(string who) =>
            [.. store.Ports.Select((port, i) => Edge($"{who}-store{i}", port))];

        // A Cluster names one address for each node, so everybody comes through the same edges.
        var shared = store.Ports.Count > 1 ? StoreEdges("all") : null;
        return new Edges
        {
            Clients = [.. Enumerable.Range(0, GatewayCount).Select(i => Edge($"client-gateway{i}", FreePort.Next()))],
            GatewayStores = [.. Enumerable.Range(0, GatewayCount).Select(i => shared ?? StoreEdges($"gateway{i}"))],
            GatewayPlanes = [.. Enumerable.Range(0, GatewayCount).Select(i => Edge($"gateway{i}-plane", consolePort))],
            Upstreams = [.. Enumerable.Range(0, options.Channels).Select(i => Edge($"upstream{i}", upstream.PortOf(i)))],
            PlaneStores = shared ?? StoreEdges("plane"),
            PlaneDatabase = Edge("plane-database", databasePort),
        };
    }

    public static Plane ControlPlaneOf(Rig rig, string folder, int index, int port)
    {
        var environment = Shared(rig, rig.Edges.PlaneStores);
        environment["TOKENHUB_CONSOLE_BIND"] = $"127.0.0.1:{port}";
        environment["TOKENHUB_DATABASE_URL"] = rig.Database.UrlThrough(rig.Edges.PlaneDatabase.Port);
        environment["TOKENHUB_ADMIN_EMAIL"] = Rig.AdminEmail;
        environment["TOKENHUB_ADMIN_PASSWORD"] = Canaries.AdminPassword;
        environment["TOKENHUB_SESSION_SECRET"] = Canaries.SessionSecret;
        return new Plane($"plane{index}", AssemblyOf("control-plane", "TokenHub.ControlPlane"), port, folder, environment);
    }

    public static Plane GatewayOf(Rig rig, string folder, int index)
    {
        var port = rig.Edges.Clients[index].TargetPort;
        var environment = Shared(rig, rig.Edges.GatewayStores[index]);
        environment["TOKENHUB_GATEWAY_BIND"] = $"127.0.0.1:{port}";
        environment["TOKENHUB_CONTROL_PLANE_URL"] = rig.Edges.GatewayPlanes[index].Url;
        environment["TOKENHUB_CONNECT_SECONDS"] = "2";
        environment["TOKENHUB_FIRST_BYTE_SECONDS"] = "4";
        environment["TOKENHUB_UNSTREAMED_SECONDS"] = "10";
        environment["TOKENHUB_IDLE_SECONDS"] = "4";
        environment["TOKENHUB_CLIENT_WRITE_SECONDS"] = "8";
        foreach (var (name, value) in rig.Options.GatewayVariables)
        {
            environment[name] = value;
        }

        return new Plane($"gateway{index}", AssemblyOf("gateway", "TokenHub.Gateway"), port, folder, environment);
    }

    /// <summary>The number in an id such as <c>usr_1001</c>.</summary>
    public static long NumberOf(string id) =>
        long.Parse(id[(id.LastIndexOf('_') + 1)..], CultureInfo.InvariantCulture);

    private static Dictionary<string, string> Shared(Rig rig, IReadOnlyList<FaultProxy> storeEdges) => new()
    {
        ["TOKENHUB_REDIS_URL"] = rig.Store.UrlOf([.. storeEdges.Select(edge => edge.Port)]),
        ["TOKENHUB_MASTER_KEY"] = Canaries.MasterKey,
        ["TOKENHUB_CONTROL_PLANE_TOKEN"] = Canaries.PlaneToken,
        ["TOKENHUB_ALLOW_PRIVATE_UPSTREAMS"] = "true",
        ["TOKENHUB_ALLOW_INSECURE_UPSTREAMS"] = "true",
    };

    private static string AssemblyOf(string folder, string project)
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;
        return Path.Combine(Repository.Root, folder, project, "bin", configuration, "net10.0", project + ".dll");
    }
}
