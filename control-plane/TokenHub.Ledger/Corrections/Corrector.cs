using Npgsql;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Ledger.Draining;

namespace TokenHub.Ledger.Corrections;

/// <summary>Corrects requests and tells Redis of it.</summary>
public sealed class Corrector(NpgsqlDataSource database, Acknowledger? acknowledger = null)
{
    private readonly Stands _stands = new(database);

    /// <summary>Posts in a transaction of its own and then tells Redis.</summary>
    public async Task<CorrectionResult> CorrectAsync(
        RequestId request, Usd amount, string reason, long? byUser, CancellationToken ct = default)
    {
        CorrectionResult result;
        await using (var connection = await database.OpenConnectionAsync(ct))
        {
            await using var transaction = await connection.BeginTransactionAsync(ct);
            result = await CorrectionPosting.PostAsync(transaction, request, amount, reason, byUser, ct);
            if (result.Outcome == CorrectionOutcome.Posted)
            {
                await transaction.CommitAsync(ct);
            }
        }

        await TellAsync(result, ct);
        return result;
    }

    /// <summary>
    /// Brings the balances and the key's total to Redis now. Balances that do not get there are told a moment later
    /// from the record of changes; a key's total then waits for the key's next charge, and allows less until then, not
    /// more.
    /// </summary>
    public async Task TellAsync(CorrectionResult result, CancellationToken ct = default)
    {
        if (acknowledger is null || result is not { Outcome: CorrectionOutcome.Posted, Correction: { } posted })
        {
            return;
        }

        try
        {
            var request = new DrainedRequest(posted.RequestId, result.Account, result.Key);
            await acknowledger.AcknowledgeAsync(await _stands.ReadAsync([request], ct), ct);
        }
        catch (Redis.RedisUnavailableException)
        {
            // The record of changes has it.
        }
    }
}
