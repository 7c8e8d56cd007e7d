using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Affinity;

/// <summary>Affinity rules: admins set them, and unbind what they or a channel hold.</summary>
internal static class AffinityRuleEndpoints
{
    private const string Tag = "affinity";

    public static void MapAffinityRules(this RouteGroupBuilder api)
    {
        api.MapGet("/affinity-rules", ListAsync)
            .Documented("listAffinityRules", Tag, "List all affinity rules in the order they are looked through.");
        api.MapPost("/affinity-rules", CreateAsync)
            .Documented("createAffinityRule", Tag, "Make an affinity rule.", 400, 409);
        api.MapPatch("/affinity-rules/{id}", UpdateAsync)
            .Documented(
                "updateAffinityRule", Tag, "Change an affinity rule; gateways follow within a second.", 400, 404, 412);
        api.MapDelete("/affinity-rules/{id}", DeleteAsync)
            .Documented("deleteAffinityRule", Tag, "Delete an affinity rule and forget what it has bound.", 404);
        api.MapPost("/affinity-rules/{id}/flush", FlushAsync)
            .Documented("flushAffinityRule", Tag, "Unbind all conversations that the rule has bound.", 404);
        api.MapPost("/channels/{id}/affinity/flush", FlushChannelAsync)
            .Documented("flushChannelAffinity", Tag, "Unbind all conversations that are bound to the channel.", 404);
    }

    // There are so few that a page holds them all.
    private static async Task<Ok<Page<AffinityRuleView>>> ListAsync(
        AffinityRuleQueries rules, CancellationToken cancellation) =>
        TypedResults.Ok(new Page<AffinityRuleView>(
            [.. (await rules.ListAsync(cancellation)).Select(row => row.ToView())], NextCursor: null));

    private static async Task<Created<AffinityRuleView>> CreateAsync(
        JsonBody<CreateAffinityRule> body, Caller caller, AffinityRuleChange change, CancellationToken cancellation)
    {
        var row = await change.CreateAsync(body.Value, caller, cancellation);
        return TypedResults.Created($"/api/v1/affinity-rules/{row.WireName}", row.ToView());
    }

    private static async Task<Ok<AffinityRuleView>> UpdateAsync(
        string id,
        JsonBody<UpdateAffinityRule> body,
        Caller caller,
        HttpContext context,
        AffinityRuleChange change,
        CancellationToken cancellation)
    {
        var row = await change.UpdateAsync(ParseId(id), body, VersionTag.Expected(context), caller, cancellation);
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    private static async Task<NoContent> DeleteAsync(
        string id, Caller caller, AffinityRuleChange change, CancellationToken cancellation)
    {
        await change.DeleteAsync(ParseId(id), caller, cancellation);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<AffinityRuleView>> FlushAsync(
        string id, Caller caller, AffinityRuleChange change, CancellationToken cancellation) =>
        TypedResults.Ok((await change.FlushAsync(ParseId(id), caller, cancellation)).ToView());

    private static async Task<NoContent> FlushChannelAsync(
        string id, Caller caller, AffinityRuleChange change, CancellationToken cancellation)
    {
        if (!WireId.TryParse(WireId.Channel, id, out var number))
        {
            throw RefusedException.NotFound("channel");
        }

        await change.FlushChannelAsync(number, caller, cancellation);
        return TypedResults.NoContent();
    }

    private static long ParseId(string id) => WireId.TryParse(WireId.AffinityRule, id, out var number)
        ? number
        : throw RefusedException.NotFound("affinity rule");
}
