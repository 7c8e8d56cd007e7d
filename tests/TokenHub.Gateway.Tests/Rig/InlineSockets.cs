using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Tests.Rig;

internal static class InlineSockets
{
    /// <summary>As Program does: what blocks a socket's thread must block it here, too.</summary>
    [ModuleInitializer]
    internal static void Set() => Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}
