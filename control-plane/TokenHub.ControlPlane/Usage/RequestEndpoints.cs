using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Idempotency;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Requests;
using TokenHub.Ledger.Requests;

namespace TokenHub.ControlPlane.Usage;

/// <summary>Requests: members see their own, admins and auditors all.</summary>
internal static class RequestEndpoints
{
    private const string Tag = "requests";

    public static void MapRequests(this RouteGroupBuilder api)
    {
        api.MapGet("/requests", ListAsync)
            .Documented("listRequests", Tag, "List requests, newest first.", 400)
            .Paged()
            .WithQuery("user_id", "Only requests of this user.")
            .WithQuery("key_id", "Only requests with this key.")
            .WithQuery("channel_id", "Only requests that this channel served.")
            .WithQuery("model", "Only requests for this model.")
            .WithQuery("charged", "true: only charged ones; false: only refunded ones.");
        api.MapGet("/requests/{id}", FindAsync)
            .Documented("getRequest", Tag, "One request with its stages, attempts, usage, price and formula.", 404);
        api.MapPost("/requests/{id}/corrections", CorrectAsync)
            .Documented("correctRequest", Tag, "Give money back for a charged request.", 400, 404, 409, 422)
            .WithHeader(IdempotencyKey.Header, "Required. Same key and body: the first answer again.");
    }

    private static async Task<Ok<Page<RequestView>>> ListAsync(
        PageRequest page, Caller caller, HttpContext context, RequestReads requests, CancellationToken cancellation)
    {
        var query = new QueryReader(context.Request.Query);
        var account = query.Id("user_id", WireId.User);
        if (caller.OnlyUser is { } own)
        {
            account = account is null || account == own ? own : throw RefusedException.NotFound("user");
        }

        var filter = new RequestFilter
        {
            Account = account,
            Key = query.Id("key_id", WireId.Key),
            Channel = query.Id("channel_id", WireId.Channel),
            Model = query.Text("model"),
            Charged = query.OneOf("charged", "true", "false") switch { "true" => true, "false" => false, _ => null },
            Before = PlaceOf(page),
        };
        var rows = await requests.PageAsync(filter, page.Limit + 1, cancellation);
        return TypedResults.Ok(page.Cut([.. rows.Select(row => row.ToView())], view => view.Id));
    }

    private static async Task<Ok<RequestDetailView>> FindAsync(
        string id, Caller caller, RequestReads requests, CancellationToken cancellation)
    {
        var detail = RequestId.TryParse(id, out var requestId)
            ? await requests.FindAsync(requestId, caller.OnlyUser, cancellation)
            : null;
        return TypedResults.Ok(
            (detail ?? throw RefusedException.NotFound("request")).ToDetailView(showsOwner: caller.OnlyUser is null));
    }

    private static async Task<Created<CorrectionView>> CorrectAsync(
        string id,
        JsonBody<CreateCorrection> body,
        Caller caller,
        HttpContext context,
        RequestCorrection correction,
        CancellationToken cancellation)
    {
        if (!RequestId.TryParse(id, out var request))
        {
            throw RefusedException.NotFound("request");
        }

        var key = IdempotencyKey.Require(context, body.Bytes);
        var (view, isReplay) = await correction.PostAsync(request, body.Value, key, caller, cancellation);
        if (isReplay)
        {
            context.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
        }

        return TypedResults.Created($"/api/v1/requests/{id}", view);
    }

    private static RequestId? PlaceOf(PageRequest page)
    {
        if (page.After is null)
        {
            return null;
        }

        return RequestId.TryParse(page.After, out var place) ? place : throw PageRequest.BadCursor();
    }
}
