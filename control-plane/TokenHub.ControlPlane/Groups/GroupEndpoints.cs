using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Groups;

/// <summary>Channel groups: admins set them, members see those that they may use.</summary>
internal static class GroupEndpoints
{
    private const string Tag = "groups";

    public static void MapGroups(this RouteGroupBuilder api)
    {
        api.MapPost("/groups", CreateAsync)
            .Documented("createGroup", Tag, "Give a channel group settings of its own.", 400, 409);
        api.MapGet("/groups", ListAsync).Documented("listGroups", Tag, "List channel groups by name.", 400).Paged();
        api.MapGet("/groups/{name}", FindAsync).Documented("getGroup", Tag, "Read one channel group.", 404);
        api.MapPatch("/groups/{name}", UpdateAsync)
            .Documented("updateGroup", Tag, "Change a group; gateways follow within a second.", 400, 404, 412);
        api.MapDelete("/groups/{name}", DeleteAsync)
            .Documented("deleteGroup", Tag, "Take away the settings of a group that no channel is in.", 404, 409);
    }

    private static async Task<Created<GroupView>> CreateAsync(
        JsonBody<CreateGroup> body, Caller caller, GroupChange change, CancellationToken cancellation)
    {
        var row = await change.CreateAsync(body.Value, caller, cancellation);
        return TypedResults.Created($"/api/v1/groups/{row.Name}", row.ToView(showsUsers: true));
    }

    private static async Task<Ok<Page<GroupView>>> ListAsync(
        PageRequest page, Caller caller, GroupQueries groups, CancellationToken cancellation)
    {
        var rows = await groups.ListAsync(page, caller.OnlyUser, cancellation);
        return TypedResults.Ok(
            page.Cut([.. rows.Select(row => row.ToView(caller.OnlyUser is null))], view => view.Name));
    }

    private static async Task<Ok<GroupView>> FindAsync(
        string name, Caller caller, HttpContext context, GroupQueries groups, CancellationToken cancellation)
    {
        var row = await groups.FindAsync(name, caller.OnlyUser, cancellation)
            ?? throw RefusedException.NotFound("group");
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView(caller.OnlyUser is null));
    }

    private static async Task<Ok<GroupView>> UpdateAsync(
        string name,
        JsonBody<UpdateGroup> body,
        Caller caller,
        HttpContext context,
        GroupChange change,
        CancellationToken cancellation)
    {
        var row = await change.UpdateAsync(name, body, VersionTag.Expected(context), caller, cancellation);
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView(showsUsers: true));
    }

    private static async Task<NoContent> DeleteAsync(
        string name, Caller caller, GroupChange change, CancellationToken cancellation)
    {
        await change.DeleteAsync(name, caller, cancellation);
        return TypedResults.NoContent();
    }
}
