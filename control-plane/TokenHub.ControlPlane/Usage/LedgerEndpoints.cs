using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;
using TokenHub.Ledger.Postings;
using TokenHub.Ledger.Reconciliation;

namespace TokenHub.ControlPlane.Usage;

/// <summary>The ledger: members see their own account, admins and auditors all.</summary>
internal static class LedgerEndpoints
{
    private const string Tag = "ledger";
    private static readonly SemaphoreSlim OneAtATime = new(1);

    public static void MapLedger(this RouteGroupBuilder api)
    {
        api.MapGet("/ledger", ListAsync)
            .Documented("listLedger", Tag, "List postings, newest first.", 400)
            .Paged()
            .WithQuery("user_id", "Only the account of this user.")
            .WithQuery(
                "kind", "credit, debit, usage_owner, usage_platform, correction_owner or correction_platform.");
        api.MapGet("/ledger/verify", VerifyAsync)
            .Documented("verifyLedger", Tag, "Recompute every balance and every charge from the rows.");
    }

    private static async Task<Ok<Page<LedgerEntryView>>> ListAsync(
        PageRequest page, Caller caller, HttpContext context, PostingReads postings, CancellationToken cancellation)
    {
        var query = new QueryReader(context.Request.Query);
        var account = query.Id("user_id", WireId.User);
        var kind = query.OneOf(
            "kind", "credit", "debit", "usage_owner", "usage_platform", "correction_owner", "correction_platform");
        if (caller.OnlyUser is { } own)
        {
            account = account is null || account == own ? own : throw RefusedException.NotFound("user");
        }

        var rows = await postings.PageAsync(account, page.Limit + 1, page.AfterNumber, kind, cancellation);
        return TypedResults.Ok(
            page.Cut([.. rows.Select(row => ToView(row, caller))], view => view.Id[WireId.Ledger.Length..]));
    }

    // It reads every row, so those who ask at once wait for one another.
    private static async Task<Ok<LedgerReport>> VerifyAsync(Verify verify, CancellationToken cancellation)
    {
        await OneAtATime.WaitAsync(cancellation);
        try
        {
            return TypedResults.Ok(ToReport(await verify.RunAsync(cancellation)));
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    public static LedgerReport ToReport(VerifyReport report) => new()
    {
        Ok = report.Ok,
        Accounts = report.Accounts,
        Transfers = report.Transfers,
        Requests = report.Requests,
        Sum = report.Sum,
        Chain = new LedgerChain(
            report.Chain.Ok, report.Chain.Seals, report.Chain.Sealed, report.Chain.Unsealed, report.Chain.Head,
            report.Chain.HeadsKept),
        Problems = [.. report.Problems.Select(p => new LedgerProblem(p.Check, p.Subject, p.Detail))],
    };

    private static LedgerEntryView ToView(Posting posting, Caller caller) => new()
    {
        Id = WireId.Format(WireId.Ledger, posting.Id),
        Kind = posting.Kind,
        Account = NameOf(posting.Account, caller),
        Counterparty = NameOf(posting.Counterparty, caller),
        Amount = posting.Amount,
        RequestId = posting.RequestId,
        Reason = posting.Reason,
        CreatedBy = posting.CreatedBy is { } by ? NameOf(by, caller) : null,
        CreatedAt = posting.CreatedAt.UtcDateTime,
    };

    // Whose channel served a member, or who used his, is nobody's business but the operator's.
    private static string NameOf(long account, Caller caller) => account switch
    {
        LedgerAccounts.Platform => "platform",
        LedgerAccounts.Issuance => "issuance",
        _ when caller.OnlyUser is { } own && own != account => "another_user",
        _ => WireId.Format(WireId.User, account),
    };
}
