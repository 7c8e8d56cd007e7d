using Npgsql;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Options;
using TokenHub.Ledger;

namespace TokenHub.ControlPlane.Commands;

/// <summary>
/// <c>keys rotate-master</c>: seals every secret anew under <c>TOKENHUB_MASTER_KEY</c>. First all gateways and control
/// planes are started with the new key and the one of before as <c>TOKENHUB_MASTER_KEY_OLD</c>: they accept both. When
/// this ends with 0, the old one can be taken away.
/// </summary>
internal static class RotateMasterCommand
{
    public static OperatorCommand Command { get; } = new(
        ["keys", "rotate-master"],
        "",
        "seal every secret anew, from TOKENHUB_MASTER_KEY_OLD to TOKENHUB_MASTER_KEY; may be repeated",
        RunAsync);

    private static async Task<int> RunAsync(CommandRun run)
    {
        if (run.Arguments.Count > 0)
        {
            return await run.EndAsync(CommandRun.Misused, "Usage: keys rotate-master");
        }

        if (ControlPlaneOptionsReader.ReadRotation(run.Environment, out var faults) is not { } options)
        {
            return await run.RefuseAsync(faults);
        }

        try
        {
            await using var database = LedgerDatabase.Open(options.DatabaseConnection);
            var result = await new MasterKeyRotation(database, options.MasterKey, options.MasterKeyOld)
                .SweepAsync(CancellationToken.None);
            await run.WriteAsync(result, ApiJsonContext.Default.RotationResult);
            return result.Unreadable.Count == 0 ? CommandRun.Succeeded : CommandRun.Failed;
        }
        catch (NpgsqlException fault)
        {
            return await run.EndAsync(CommandRun.Failed, $"The sweep did not end: {fault.Message} Repeat it.");
        }
    }
}
