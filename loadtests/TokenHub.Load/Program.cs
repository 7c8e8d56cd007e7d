using System.Runtime.InteropServices;
using TokenHub.Load;
using TokenHub.Load.Scenarios;

// Read by the socket engine at its first use: completions then run on the thread that saw them, not on the pool.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
if (args.Contains("--help"))
{
    Console.Out.WriteLine(LoadOptions.Help);
    return 0;
}

if (!LoadOptions.TryRead(args, out var options, out var text))
{
    Console.Error.WriteLine(text.Length > 0 ? text : LoadOptions.Help);
    return 2;
}

var known = ScenarioFiles.ReadAll();
if (options.Names is ["list"])
{
    foreach (var scenario in known)
    {
        Console.Out.WriteLine($"{scenario.Name,-12}  {scenario.Summary}");
    }

    return 0;
}

var unknown = options.Names.Where(n => n != "all" && known.All(s => s.Name != n)).ToList();
if (unknown.Count > 0)
{
    Console.Error.WriteLine($"load: there is no scenario {string.Join(", ", unknown)}; 'list' names them");
    return 2;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
await using var application = new LoadApplication(options);
try
{
    var chosen = known.Where(s => options.Names.Contains("all") || options.Names.Contains(s.Name)).ToList();
    return await application.RunAsync(chosen, stop.Token) ? 0 : 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    Console.Error.WriteLine("load: broken off");
    return 130;
}
