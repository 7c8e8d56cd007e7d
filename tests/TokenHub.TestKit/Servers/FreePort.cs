using System.Net;
using System.Net.Sockets;

namespace TokenHub.TestKit.Servers;

public static class FreePort
{
    /// <summary>
    /// A port that was free a moment ago. A server that finds it taken after all is started again on another.
    /// </summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
