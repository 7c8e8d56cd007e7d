using TokenHub.ControlPlane;

return await ControlPlaneCommand.RunAsync(args, Environment.GetEnvironmentVariable, Console.Out, Console.Error);
