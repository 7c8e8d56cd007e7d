using System.Net;

namespace TokenHub.Gateway.Tests.Rig;

internal static class TestOptions
{
    public static byte[] MasterKey { get; } = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    public static GatewayOptions Create(string folder = "/tmp/unused") => new()
    {
        DataDir = folder,
        WalDir = Path.Combine(folder, "wal"),
        Bind = new IPEndPoint(IPAddress.Loopback, 0),
        RedisUrl = "redis://127.0.0.1:1",
        MasterKey = MasterKey,
        ControlPlaneUrl = new Uri("http://127.0.0.1:1"),
        ControlPlaneToken = "plane-token",
        GatewayId = "test",
        AllowPrivateUpstreams = true,
    };
}
