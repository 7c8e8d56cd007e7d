using System.Net;
using System.Net.Sockets;

namespace TokenHub.Standalone.Start;

public static class PortCheck
{
    /// <summary>
    /// Refuses the start with a clear word when an address is taken, before anything has been started.
    /// </summary>
    public static void EnsureFree(IPEndPoint endpoint, string variable)
    {
        try
        {
            using var probe = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(endpoint);
            probe.Listen(1);
        }
        catch (SocketException error)
        {
            throw new StartRefusedException(error.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"{endpoint} is taken by another program; stop it, or set {variable} to a free address"
                : $"{endpoint} cannot be used ({error.Message}); set {variable} to an address of this machine");
        }
    }

    /// <summary>A port for a private server; the same as last time where that is still free.</summary>
    public static int FreeLoopback()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
