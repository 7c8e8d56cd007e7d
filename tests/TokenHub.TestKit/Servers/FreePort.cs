using System.Net;
using System.Net.Sockets;

namespace TokenHub.TestKit.Servers;

public static class FreePort
{
    // Below what the system gives to outgoing connections: one of thousands may take such a port before its server does.
    private const int Least = 10_240;
    private const int Beyond = 32_768;

    private static readonly HashSet<int> Given = [];

    /// <summary>
    /// A port that was free a moment ago, never given before by this process. A server that finds it taken after all is
    /// started again on another.
    /// </summary>
    public static int Next(int below = Beyond)
    {
        while (true)
        {
            var port = Random.Shared.Next(Least, below);
            lock (Given)
            {
                if (Given.Add(port) && IsFree(port))
                {
                    return port;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
