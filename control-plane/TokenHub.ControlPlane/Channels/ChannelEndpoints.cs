using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Channels: admins have the platform's and see all, members have their own.</summary>
internal static class ChannelEndpoints
{
    private const string Tag = "channels";

    public static void MapChannels(this RouteGroupBuilder api)
    {
        api.MapPost("/channels", CreateAsync)
            .Documented("createChannel", Tag, "Make a channel; its credential is sealed and never shown.", 400, 409);
        api.MapGet("/channels", ListAsync)
            .Documented("listChannels", Tag, "List channels, newest first.", 400)
            .Paged()
            .WithQuery("status", "active, disabled or deleted; all but deleted when left out.");
        api.MapGet("/channels/{id}", FindAsync).Documented("getChannel", Tag, "Read one channel.", 404);
        api.MapPatch("/channels/{id}", UpdateAsync)
            .Documented("updateChannel", Tag, "Change a channel; gateways follow within a second.", 400, 404, 409, 412);
        api.MapDelete("/channels/{id}", DeleteAsync)
            .Documented("deleteChannel", Tag, "Take a channel out for good; its history stays.", 404);
        api.MapPost("/channels/{id}/test", TestAsync)
            .Documented("testChannel", Tag, "Send a tiny request to the upstream.", 400, 404);
        api.MapPost("/channels/{id}/upstream-models", ListModelsAsync)
            .Documented("listUpstreamModels", Tag, "Ask the upstream which models it has.", 404);
    }

    private static async Task<Created<ChannelView>> CreateAsync(
        JsonBody<CreateChannel> body, Caller caller, ChannelChange change, CancellationToken cancellation)
    {
        var row = await change.CreateAsync(body.Value, caller, cancellation);
        return TypedResults.Created($"/api/v1/channels/{row.WireName}", row.ToView());
    }

    private static async Task<Ok<Page<ChannelView>>> ListAsync(
        PageRequest page, Caller caller, HttpContext context, ChannelQueries channels, CancellationToken cancellation)
    {
        var status = new QueryReader(context.Request.Query).OneOf("status", "active", "disabled", "deleted");
        var rows = await channels.ListAsync(page, caller.OnlyUser, status, cancellation);
        return TypedResults.Ok(
            page.Cut([.. rows.Select(row => row.ToView())], view => view.Id[WireId.Channel.Length..]));
    }

    private static async Task<Ok<ChannelView>> FindAsync(
        string id, Caller caller, HttpContext context, ChannelQueries channels, CancellationToken cancellation)
    {
        var row = await channels.FindAsync(ParseId(id), caller.OnlyUser, cancellation) ?? throw NotFound();
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    private static async Task<Ok<ChannelView>> UpdateAsync(
        string id,
        JsonBody<UpdateChannel> body,
        Caller caller,
        HttpContext context,
        ChannelChange change,
        CancellationToken cancellation)
    {
        var row = await change.UpdateAsync(ParseId(id), body, VersionTag.Expected(context), caller, cancellation);
        VersionTag.Set(context, row.Version);
        return TypedResults.Ok(row.ToView());
    }

    private static async Task<NoContent> DeleteAsync(
        string id, Caller caller, ChannelChange change, CancellationToken cancellation)
    {
        await change.DeleteAsync(ParseId(id), caller, cancellation);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ChannelTestResult>> TestAsync(
        string id,
        JsonBody<TestChannel> body,
        Caller caller,
        ChannelQueries channels,
        ChannelProbe probe,
        CancellationToken cancellation)
    {
        if (!ModelNames.IsName(body.Value.Model))
        {
            throw RefusedException.Field("model", "bad_model", "must be a model name");
        }

        var row = await channels.FindAsync(ParseId(id), caller.OnlyUser, cancellation);
        return row is null or { IsDeleted: true }
            ? throw NotFound()
            : TypedResults.Ok(await probe.TryAsync(row, body.Value.Model, cancellation));
    }

    private static async Task<Ok<UpstreamModels>> ListModelsAsync(
        string id, Caller caller, ChannelQueries channels, UpstreamModelList list, CancellationToken cancellation)
    {
        var row = await channels.FindAsync(ParseId(id), caller.OnlyUser, cancellation);
        return row is null or { IsDeleted: true }
            ? throw NotFound()
            : TypedResults.Ok(await list.ReadAsync(row, cancellation));
    }

    private static long ParseId(string id) =>
        WireId.TryParse(WireId.Channel, id, out var number) ? number : throw NotFound();

    private static RefusedException NotFound() => RefusedException.NotFound("channel");
}
