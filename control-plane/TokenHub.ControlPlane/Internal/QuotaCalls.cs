using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Quota;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Internal;

/// <summary>A gateway has found that Redis does not know what is used of a channel's windows.</summary>
internal static class QuotaCalls
{
    public static async Task RecountAsync(HttpContext context)
    {
        var request = await PlaneBody.ReadJsonAsync(context, SnapshotJsonContext.Default.RecountRequest);
        if (request is null)
        {
            return;
        }

        if (request.Channel <= 0 || request.Windows is not { Count: > 0 and <= ChannelSeats.WindowsMax }
            || request.Windows.Any(window => window.Name is not { Length: 16 } || window.StartMs >= window.EndMs))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // Goes on when the gateway no longer waits: a long period takes a while, and the next who asks finds it done.
        var usage = context.RequestServices.GetRequiredService<WindowUsage>();
        await usage.RecountAsync(request, CancellationToken.None);
        await PlaneBody.WriteAsync(
            context, new PlaneMessages.RecountReply(true), SnapshotJsonContext.Default.RecountReply);
    }
}
