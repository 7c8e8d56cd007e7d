using System.Text.Json;
using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Idempotency;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Ledger.Corrections;

namespace TokenHub.ControlPlane.Usage;

/// <summary>
/// Gives money back for a request: postings, audit and the answer kept for repeats stand or fall together.
/// </summary>
internal sealed class RequestCorrection(NpgsqlDataSource database, Corrector corrector, ChangeNotices changes)
{
    /// <summary>The correction, and whether it was there before.</summary>
    public async Task<(CorrectionView View, bool IsReplay)> PostAsync(
        RequestId request, CreateCorrection body, IdempotencyKey key, Caller caller, CancellationToken cancellation)
    {
        Check(body);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await IdempotencyQueries.ClaimAsync(transaction, caller.UserId, key, cancellation) is { } kept)
        {
            return (JsonSerializer.Deserialize(kept.Answer, ApiJsonContext.Default.CorrectionView)!, true);
        }

        var result = await CorrectionPosting.PostAsync(
            transaction, request, body.Amount, body.Reason, caller.UserId, cancellation);
        RequirePosted(result);
        var view = result.Correction!.ToView(showsAuthor: true);
        await IdempotencyQueries.KeepAsync(
            transaction,
            caller.UserId,
            key,
            StatusCodes.Status201Created,
            JsonSerializer.Serialize(view, ApiJsonContext.Default.CorrectionView),
            cancellation);
        if (result.Outcome == CorrectionOutcome.Repeated)
        {
            await transaction.CommitAsync(cancellation);
            return (view, true);
        }

        await AuditLog.AddAsync(
            transaction, caller.UserId, "request.correct", view.RequestId, cancellation, $$"""{"seq":{{view.Seq}}}""");
        await transaction.CommitAsync(cancellation);
        await corrector.TellAsync(result, CancellationToken.None);
        await changes.WalletChangedAsync(result.Account);
        return (view, false);
    }

    private static void Check(CreateCorrection body)
    {
        var checks = new FieldChecks();
        checks.Require(body.Amount > Usd.Zero, "amount", "out_of_range", "must be above zero");
        TextRules.Check(checks, body.Reason, "reason", CorrectionPosting.ReasonLengthMax);
        checks.ThrowIfAny();
    }

    private static void RequirePosted(CorrectionResult result)
    {
        switch (result.Outcome)
        {
            case CorrectionOutcome.UnknownRequest:
                throw RefusedException.NotFound("request");
            case CorrectionOutcome.AmountOutOfRange:
                throw RefusedException.Field(
                    "amount", "out_of_range", $"is more than the {result.Left} that are left to give back");
            case CorrectionOutcome.OtherAmount:
                throw new RefusedException(
                    ProblemCode.Conflict, "This request was corrected for this reason by another amount.");
            case CorrectionOutcome.TooMany:
                throw new RefusedException(
                    ProblemCode.LimitReached, $"A request has at most {CorrectionPosting.CountMax} corrections.");
        }
    }
}
