using TokenHub.ControlPlane;

// Whatever the environment says: PostgreSQL's client closes its readers by calls that block, and one that blocks a
// socket's own thread waits for itself. Read by the socket engine at its first use.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "0");
return await ControlPlaneCommand.RunAsync(args, Environment.GetEnvironmentVariable, Console.Out, Console.Error);
