using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Tests.Rig;

internal static class InlineSockets
{
    // Of two processors the pool would make two threads at once: a test that computes for long would hold one of them
    // while timers of the others wait.
    private const int ThreadsAtOnce = 16;

    /// <summary>As Program does: what blocks a socket's thread must block it here, too.</summary>
    [ModuleInitializer]
    internal static void Set()
    {
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        ThreadPool.SetMinThreads(ThreadsAtOnce, ThreadsAtOnce);
    }
}
