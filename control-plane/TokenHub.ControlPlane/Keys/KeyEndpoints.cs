using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Keys;

/// <summary>Client keys: members have their own, admins anybody's.</summary>
internal static class KeyEndpoints
{
    private const string Tag = "keys";

    public static void MapKeys(this RouteGroupBuilder api)
    {
        api.MapPost("/keys", CreateAsync)
            .Documented("createKey", Tag, "Make a key; its secret is in this answer and nowhere else.", 400, 409);
        api.MapGet("/keys", ListAsync)
            .Documented("listKeys", Tag, "List keys, newest first.", 400)
            .Paged()
            .WithQuery("user_id", "Only keys of this user.")
            .WithQuery("status", "active, disabled or deleted; all but deleted when left out.");
        api.MapGet("/keys/{id}", FindAsync).Documented("getKey", Tag, "Read one key.", 404);
        api.MapPatch("/keys/{id}", UpdateAsync)
            .Documented("updateKey", Tag, "Change a key; gateways follow within a second.", 400, 404, 409, 412);
        api.MapDelete("/keys/{id}", DeleteAsync)
            .Documented("deleteKey", Tag, "End a key for good; its history stays.", 404);
        api.MapPost("/keys/{id}/rotate", RotateAsync)
            .Documented("rotateKey", Tag, "Give the key a new secret; the old one is dead at once.", 404, 409);
    }

    private static async Task<Created<KeyWithSecret>> CreateAsync(
        JsonBody<CreateKey> body, Caller caller, HttpContext context, KeyChange change, CancellationToken cancellation)
    {
        var (row, secret) = await change.CreateAsync(body.Value, caller, cancellation);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/v1/keys/{row.WireName}", row.WithSecret(secret));
    }

    private static async Task<Ok<Page<KeyView>>> ListAsync(
        PageRequest page, Caller caller, HttpContext context, KeyQueries keys, CancellationToken cancellation)
    {
        var query = new QueryReader(context.Request.Query);
        var userId = query.Id("user_id", WireId.User);
        var status = query.OneOf("status", "active", "disabled", "deleted");
        var rows = await keys.ListAsync(page, caller.OnlyUser, userId, status, cancellation);
        return TypedResults.Ok(page.Cut([.. rows.Select(row => row.ToView())], view => view.Id[WireId.Key.Length..]));
    }

    private static async Task<Ok<KeyView>> FindAsync(
        string id, Caller caller, HttpContext context, KeyQueries keys, CancellationToken cancellation)
    {
        var row = await keys.FindAsync(ParseId(id), caller.OnlyUser, cancellation) ?? throw NotFound();
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    private static async Task<Ok<KeyView>> UpdateAsync(
        string id,
        JsonBody<UpdateKey> body,
        Caller caller,
        HttpContext context,
        KeyChange change,
        CancellationToken cancellation)
    {
        var row = await change.UpdateAsync(ParseId(id), body, VersionTag.Expected(context), caller, cancellation);
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    private static async Task<NoContent> DeleteAsync(
        string id, Caller caller, KeyChange change, CancellationToken cancellation)
    {
        await change.DeleteAsync(ParseId(id), caller, cancellation);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<KeyWithSecret>> RotateAsync(
        string id, Caller caller, HttpContext context, KeyChange change, CancellationToken cancellation)
    {
        var (row, secret) = await change.RotateAsync(ParseId(id), caller, cancellation);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(row.WithSecret(secret));
    }

    private static long ParseId(string id) =>
        WireId.TryParse(WireId.Key, id, out var number) ? number : throw NotFound();

    private static RefusedException NotFound() => RefusedException.NotFound("key");
}
