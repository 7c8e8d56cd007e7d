using TokenHub.Standalone;
using TokenHub.Standalone.Start;

// One command brings everything up: PostgreSQL, Redis, the control plane and one gateway, each as its own process.
if (!StandaloneOptions.TryRead(args, Environment.GetEnvironmentVariable, out var options, out var text))
{
    (args.Contains("--help") ? Console.Out : Console.Error).WriteLine(text);
    return args.Contains("--help") ? 0 : 2;
}

using var stop = new StopSignal();
try
{
    return await new StandaloneApplication(options).RunAsync(stop.Token);
}
catch (StartRefusedException refused)
{
    Console.Error.WriteLine($"tokenhub: {refused.Message}");
    return 1;
}
