using Npgsql;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Ledger;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;
using TokenHub.Ledger.WriteOffs;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Commands;

/// <summary>
/// What a write-off came to; <c>requests</c> were open, their holds were given back, nothing is charged.
/// </summary>
internal sealed record WriteOffResult(
    string Gateway, int Posted, int Parked, int Released, Usd Held, IReadOnlyList<WrittenOffRequest> Requests);

internal sealed record WrittenOffRequest(string Id, string UserId, string KeyId, Usd Held);

/// <summary>
/// <c>gateway write-off</c>: for a gateway whose disk is gone for ever. What it had settled is posted from the copies
/// in Redis; what was open is given back, named, and never charged unless its records come after all.
/// </summary>
internal static class WriteOffCommand
{
    public static OperatorCommand Command { get; } = new(
        ["gateway", "write-off"],
        "<id>",
        "a gateway's disk is lost: post what it settled, give back and name what was open",
        RunAsync);

    private static async Task<int> RunAsync(CommandRun run)
    {
        if (run.Arguments is not [var gateway])
        {
            return await run.EndAsync(CommandRun.Misused, "Usage: gateway write-off <id of the gateway>");
        }

        if (ControlPlaneOptionsReader.ReadServers(run.Environment, out var faults) is not var (address, redisOptions))
        {
            return await run.RefuseAsync(faults);
        }

        try
        {
            await using var database = LedgerDatabase.Open(address);
            await using var redis = await RedisClient.ConnectAsync(redisOptions, CancellationToken.None);
            var report = await WriteOffAsync(gateway, database, redis);
            return await AnswerAsync(run, gateway, report);
        }
        catch (Exception fault) when (fault is NpgsqlException or RedisUnavailableException or LedgerBusyException)
        {
            return await run.EndAsync(CommandRun.Failed, $"The write-off did not end: {fault.Message} Repeat it.");
        }
    }

    private static Task<WriteOffReport> WriteOffAsync(string gateway, NpgsqlDataSource database, RedisClient redis)
    {
        var till = new Till(redis.Runner);
        var acknowledger = new Acknowledger(till, new LiveBalances(database, till));
        var outbox = new OutboxSweep(database, till, new UsageIngest(database), acknowledger);
        return new GatewayWriteOff(database, redis, till, outbox).RunAsync(
            gateway,
            (transaction, report) => AuditLog.AddAsync(
                transaction,
                userId: null,
                "gateway.write_off",
                gateway,
                CancellationToken.None,
                $$"""{"posted":{{report.Posted}},"released":{{report.Released.Count}},"held":"{{report.Held}}"}"""));
    }

    private static async Task<int> AnswerAsync(CommandRun run, string gateway, WriteOffReport report)
    {
        switch (report.Outcome)
        {
            case WriteOffOutcome.UnknownGateway:
                return await run.EndAsync(CommandRun.Failed, $"There is no gateway '{gateway}'.");
            case WriteOffOutcome.Alive:
                return await run.EndAsync(
                    CommandRun.Failed, $"Gateway '{gateway}' is alive: it has its own log and will ship it.");
        }

        await run.WriteAsync(
            new WriteOffResult(
                gateway,
                report.Posted,
                report.Parked,
                report.Released.Count,
                report.Held,
                [
                    .. report.Released.Select(hold => new WrittenOffRequest(
                        hold.Rid.ToString(),
                        WireId.Format(WireId.User, hold.Account),
                        WireId.Format(WireId.Key, hold.Key),
                        hold.Amount)),
                ]),
            ApiJsonContext.Default.WriteOffResult);
        return CommandRun.Succeeded;
    }
}
