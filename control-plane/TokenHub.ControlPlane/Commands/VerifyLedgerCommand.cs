using Npgsql;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Usage;
using TokenHub.Ledger;
using TokenHub.Ledger.Reconciliation;
using TokenHub.Ledger.Sealing;

namespace TokenHub.ControlPlane.Commands;

/// <summary>
/// <c>ledger verify</c>: recomputes the ledger and walks the chain of its transfers, from the database and the heads
/// that were kept beside it.
/// </summary>
internal static class VerifyLedgerCommand
{
    public static OperatorCommand Command { get; } = new(
        ["ledger", "verify"],
        "[<head>]",
        "recompute the ledger, walk its chain, print JSON; 1 when it is off. <head>: of an earlier report",
        RunAsync);

    private static async Task<int> RunAsync(CommandRun run)
    {
        if (run.Arguments.Count > 1)
        {
            return await run.EndAsync(CommandRun.Misused, "Usage: ledger verify [<head of an earlier report>]");
        }

        if (ControlPlaneOptionsReader.ReadVerify(run.Environment, out var faults) is not { } options)
        {
            return await run.RefuseAsync(faults);
        }

        try
        {
            await using var database = LedgerDatabase.Open(options.DatabaseConnection);
            var book = HeadBook.OpenToRead(options.DataDir, options.MasterKey, options.MasterKeyOld);
            var found = await new Verify(database, book).RunAsync(
                run.Arguments.SingleOrDefault(), CancellationToken.None);
            var report = LedgerEndpoints.ToReport(found);
            await run.WriteAsync(report, ApiJsonContext.Default.LedgerReport);
            return report.Ok ? CommandRun.Succeeded : CommandRun.Failed;
        }
        catch (NpgsqlException fault)
        {
            return await run.EndAsync(CommandRun.Failed, $"The ledger cannot be read: {fault.Message}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return await run.EndAsync(CommandRun.Failed, $"The heads of its chain cannot be read: {fault.Message}");
        }
    }
}
