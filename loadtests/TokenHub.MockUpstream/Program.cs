using System.Runtime.InteropServices;
using TokenHub.MockUpstream;

// Read by the socket engine at its first use: completions then run on the thread that saw them, not on the pool.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
if (!MockOptions.TryRead(args, out var options, out var text))
{
    (args.Contains("--help") ? Console.Out : Console.Error).WriteLine(text);
    return args.Contains("--help") ? 0 : 2;
}

var stop = new TaskCompletionSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.TrySetResult();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await using var server = await MockServer.StartAsync(options);
Console.Out.WriteLine($"listening {server.Url}");
await stop.Task;
return 0;
