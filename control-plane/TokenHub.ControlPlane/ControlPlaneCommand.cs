using System.Reflection;
using System.Text.Json;
using Npgsql;
using TokenHub.ControlPlane.Hosting;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Usage;
using TokenHub.Ledger;
using TokenHub.Ledger.Migrations;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Redis;

namespace TokenHub.ControlPlane;

/// <summary>What the executable does: serve, or one of the operator's commands.</summary>
internal static class ControlPlaneCommand
{
    public const int Succeeded = 0;
    public const int Failed = 1;

    /// <summary>The arguments or the variables are wrong; nothing was started.</summary>
    public const int Misused = 2;

    public static async Task<int> RunAsync(
        string[] args, Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        if (IsDocumentGenerator)
        {
            // The generator stops the run as soon as the host is built; it asks for the routes, not for an answer.
            await ControlPlaneHost.Build(DocumentOptions, backends: null).RunAsync();
            return Succeeded;
        }

        switch (args)
        {
            case []:
                return await ServeAsync(environment, output, error);
            case ["--help" or "-h" or "help"]:
                await output.WriteAsync(OptionVariable.Help());
                return Succeeded;
            case ["ledger", "verify"]:
                return await VerifyLedgerAsync(environment, output, error);
            case ["ledger", "rebuild-redis"]:
                return await RebuildCommand.RunAsync(environment, output, error, CancellationToken.None);
            default:
                await error.WriteLineAsync($"Unknown arguments: {string.Join(' ', args)}");
                await error.WriteAsync(OptionVariable.Help());
                return Misused;
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
            await WriteFaultsAsync(error, faults);
            return Misused;
        }

        try
        {
            await using var running = await ControlPlaneStart.StartAsync(options, output, CancellationToken.None);
            await running.App.WaitForShutdownAsync();
            return Succeeded;
        }
        catch (Exception fault) when (fault is MigrationException or ScriptIsolationException or StartFailedException
            or RedisUnavailableException or NpgsqlException or IOException or InvalidOperationException)
        {
            await error.WriteLineAsync($"The control plane cannot start: {fault.Message}");
            return Failed;
        }
    }

    private static async Task<int> VerifyLedgerAsync(
        Func<string, string?> environment, TextWriter output, TextWriter error)
    {
        if (ControlPlaneOptionsReader.ReadDatabaseOnly(environment, out var faults) is not { } address)
        {
            await WriteFaultsAsync(error, faults);
            return Misused;
        }

        try
        {
            await using var database = LedgerDatabase.Open(address);
            var report = LedgerEndpoints.ToReport(await new Verify(database).RunAsync());
            await output.WriteLineAsync(JsonSerializer.Serialize(report, ApiJsonContext.Default.LedgerReport));
            return report.Ok ? Succeeded : Failed;
        }
        catch (NpgsqlException fault)
        {
            await error.WriteLineAsync($"The ledger cannot be read: {fault.Message}");
            return Failed;
        }
    }

    internal static async Task WriteFaultsAsync(TextWriter error, IReadOnlyList<string> faults)
    {
        await error.WriteLineAsync("The control plane cannot start; these variables are at fault:");
        foreach (var fault in faults)
        {
            await error.WriteLineAsync($"  {fault}");
        }

        await error.WriteLineAsync("--help lists every variable.");
    }
}
