using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Quota;

/// <summary>What is left of a channel's quota.</summary>
internal static class QuotaEndpoints
{
    public static void MapQuota(this RouteGroupBuilder api) =>
        api.MapGet("/channels/{id}/quota", ReadAsync).Documented(
            "getChannelQuota", "channels", "Read how much of its quota windows a channel has used.", 404);

    private static async Task<Ok<QuotaView>> ReadAsync(
        string id, Caller caller, ChannelQueries channels, QuotaReader quota, CancellationToken cancellation)
    {
        var row = WireId.TryParse(WireId.Channel, id, out var number)
            ? await channels.FindAsync(number, caller.OnlyUser, cancellation)
            : null;
        return row is null or { IsDeleted: true }
            ? throw RefusedException.NotFound("channel")
            : TypedResults.Ok(await quota.ReadAsync(row, cancellation));
    }
}
