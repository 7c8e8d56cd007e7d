using System.Reflection;
using Npgsql;
using TokenHub.ControlPlane.Commands;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Options;
using TokenHub.Ledger.Migrations;
using TokenHub.Redis;

namespace TokenHub.ControlPlane;

/// <summary>What the executable does: serve, or one of the operator's commands.</summary>
internal static class ControlPlaneCommand
{
    public static async Task<int> RunAsync(
        string[] args, Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        if (IsDocumentGenerator)
        {
            // The generator stops the run as soon as the host is built; it asks for the routes, not for an answer.
            await ControlPlaneHost.Build(DocumentOptions, backends: null).RunAsync();
            return CommandRun.Succeeded;
        }

        switch (args)
        {
            case []:
                return await ServeAsync(environment, output, error);
            case ["--help" or "-h" or "help"]:
                await output.WriteAsync(OptionVariable.Help());
                return CommandRun.Succeeded;
            default:
                if (OperatorCommand.Find(args) is { } command)
                {
                    return await command.RunAsync(
                        new CommandRun([.. args.Skip(command.Words.Count)], environment, output, error));
                }

                await error.WriteLineAsync($"Unknown arguments: {string.Join(' ', args)}");
                await error.WriteAsync(OptionVariable.Help());
                return CommandRun.Misused;
        }
    }

    private static bool IsDocumentGenerator =>
        Assembly.GetEntryAssembly()?.GetName().Name == "GetDocument.Insider";

    private static ControlPlaneOptions DocumentOptions => new()
    {
        DatabaseConnection = "",
        Redis = new RedisOptions { Host = "localhost" },
        MasterKey = new byte[32],
        SessionSecret = new byte[32],
        PlaneToken = "",
        ConsoleBind = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0),
    };

    private static async Task<int> ServeAsync(
        Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        if (ControlPlaneOptionsReader.Read(environment, out var faults) is not { } options)
        {
            return await CommandRun.RefuseAsync(error, faults);
        }

        try
        {
            await using var running = await ControlPlaneStart.StartAsync(options, output, CancellationToken.None);
            await running.App.WaitForShutdownAsync();
            return CommandRun.Succeeded;
        }
        catch (Exception fault) when (fault is MigrationException or ScriptIsolationException or StartFailedException
            or RedisUnavailableException or NpgsqlException or IOException or UnauthorizedAccessException
            or InvalidOperationException)
        {
            await error.WriteLineAsync($"The control plane cannot start: {fault.Message}");
            return CommandRun.Failed;
        }
    }
}
