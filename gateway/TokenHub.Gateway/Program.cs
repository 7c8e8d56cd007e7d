using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using TokenHub.Gateway;
using TokenHub.Redis;

// Before anything touches a socket: completions run on the thread that polls, half the CPU of a hop to the pool.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

if (args is ["--help"] or ["-h"])
{
    GatewayOptionsReader.WriteHelp(Console.Out);
    return 0;
}

if (args.Length > 0)
{
    Console.Error.WriteLine($"The gateway takes no argument '{args[0]}'; see --help.");
    return 2;
}

if (!GatewayOptionsReader.TryRead(Environment.GetEnvironmentVariable, out var options, out var faults))
{
    Console.Error.WriteLine("The gateway cannot start:");
    foreach (var fault in faults)
    {
        Console.Error.WriteLine($"  {fault}");
    }

    return 2;
}

using var logs = LoggerFactory.Create(logging => logging
    .SetMinimumLevel(options.LogLevel)
    .AddFilter("Microsoft", LogLevel.Warning)
    .AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ "))
    .Services.Configure<ConsoleLoggerOptions>(console =>
    {
        // A terminal that does not take what it is sent must not stop a request.
        console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
    }));
using var stop = new CancellationTokenSource();
var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
void OnSignal(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
    asked.TrySetResult();
}

using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
try
{
    await using var host = await GatewayHost.StartAsync(options, logs, stop.Token);
    await Task.WhenAny(asked.Task, host.Failed);
    await host.StopAsync();
    return host.Failed.IsCompleted ? 1 : 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (Exception error) when (error is ScriptIsolationException or IOException or InvalidDataException)
{
    Console.Error.WriteLine($"The gateway cannot start: {error.Message}");
    return 1;
}
