using System.Text.Json;
using Npgsql;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Audit;
using TokenHub.ControlPlane.Changes;
using TokenHub.ControlPlane.Idempotency;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Users;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Ledger.Postings;

namespace TokenHub.ControlPlane.Accounts;

/// <summary>Gives a user credit: posting, audit and the answer kept for repeats stand or fall together.</summary>
internal sealed class CreditPosting(NpgsqlDataSource database, Credits credits, ChangeNotices changes)
{
    /// <summary>The posting's JSON, and whether it is a repeated answer.</summary>
    public async Task<(CreditView View, bool IsReplay)> PostAsync(
        long userId, CreateCredit body, IdempotencyKey? key, Caller caller, CancellationToken cancellation)
    {
        Check(body);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (key is not null
            && await IdempotencyQueries.ClaimAsync(transaction, caller.UserId, key, cancellation) is { } kept)
        {
            return (JsonSerializer.Deserialize(kept.Answer, ApiJsonContext.Default.CreditView)!, true);
        }

        var result = await credits.PostAsync(
            transaction, userId, body.Amount, body.Reason, caller.UserId, cancellation);
        var view = ToView(userId, result);
        if (key is not null)
        {
            var answer = JsonSerializer.Serialize(view, ApiJsonContext.Default.CreditView);
            await IdempotencyQueries.KeepAsync(
                transaction, caller.UserId, key, StatusCodes.Status201Created, answer, cancellation);
        }

        await AuditLog.AddAsync(transaction, caller.UserId, "user.credit", view.UserId, cancellation);
        await transaction.CommitAsync(cancellation);
        await credits.TellAsync(userId, CancellationToken.None);
        await changes.WalletChangedAsync(userId);
        return (view, false);
    }

    private static void Check(CreateCredit body)
    {
        var checks = new FieldChecks();
        checks.Require(body.Amount > Usd.Zero, "amount", "out_of_range", "must be above zero");
        TextRules.Check(checks, body.Reason, "reason", Credits.ReasonLengthMax);
        checks.ThrowIfAny();
    }

    private static CreditView ToView(long userId, CreditResult result) => result.Outcome switch
    {
        CreditOutcome.Posted => new CreditView
        {
            Id = WireId.Format(WireId.Ledger, result.Posting!.Id),
            UserId = WireId.Format(WireId.User, userId),
            Kind = result.Posting.Kind,
            Amount = result.Posting.Amount,
            Reason = result.Posting.Reason,
            CreatedBy = result.Posting.CreatedBy is { } by ? WireId.Format(WireId.User, by) : null,
            CreatedAt = result.Posting.CreatedAt.UtcDateTime,
            Balance = result.Balance,
        },
        CreditOutcome.UnknownUser => throw UserEndpoints.NotFound(),
        CreditOutcome.AmountOutOfRange =>
            throw RefusedException.Field("amount", "out_of_range", "is more than an account holds"),
        _ => throw new RefusedException(ProblemCode.Conflict, "The balance does not allow this."),
    };
}
