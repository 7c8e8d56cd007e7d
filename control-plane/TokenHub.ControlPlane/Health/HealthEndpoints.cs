using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Health;

/// <summary>How channels did over the last day: owners see their own, admins and auditors all.</summary>
internal static class HealthEndpoints
{
    private const string Tag = "channels";

    public static void MapChannelHealth(this RouteGroupBuilder api)
    {
        api.MapGet("/channels/{id}/health", FindAsync)
            .Documented("getChannelHealth", Tag, "Show 24 hours of one channel, by half hours.", 404);
        api.MapGet("/health/channels", ListAsync)
            .Documented("listChannelHealth", Tag, "Show 24 hours of every channel, newest first.", 400)
            .Paged();
    }

    private static async Task<Ok<ChannelHealthView>> FindAsync(
        string id,
        Caller caller,
        ChannelQueries channels,
        HealthQueries health,
        TimeProvider time,
        CancellationToken cancellation)
    {
        var row = WireId.TryParse(WireId.Channel, id, out var number)
            ? await channels.FindAsync(number, caller.OnlyUser, cancellation)
            : null;
        return row is null or { IsDeleted: true }
            ? throw RefusedException.NotFound("channel")
            : TypedResults.Ok((await ReadAsync([row], health, time, cancellation))[0]);
    }

    private static async Task<Ok<Page<ChannelHealthView>>> ListAsync(
        PageRequest page,
        Caller caller,
        ChannelQueries channels,
        HealthQueries health,
        TimeProvider time,
        CancellationToken cancellation)
    {
        var rows = await channels.ListAsync(page, caller.OnlyUser, status: null, cancellation);
        return TypedResults.Ok(page.Cut(
            await ReadAsync(rows, health, time, cancellation), view => view.Id[WireId.Channel.Length..]));
    }

    private static async Task<List<ChannelHealthView>> ReadAsync(
        IReadOnlyList<ChannelRow> channels, HealthQueries health, TimeProvider time, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var rows = await health.ReadAsync(
            [.. channels.Select(channel => channel.Id)], HealthRules.Since(now), cancellation);
        return [.. channels.Select(channel => HealthRules.ViewOf(channel, rows[channel.Id], now))];
    }
}
