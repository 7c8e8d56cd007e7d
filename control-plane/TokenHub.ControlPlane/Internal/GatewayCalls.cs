using TokenHub.Core.Snapshots;
using TokenHub.Ledger.Gateways;

namespace TokenHub.ControlPlane.Internal;

/// <summary>A gateway says that it is there.</summary>
internal static class GatewayCalls
{
    /// <summary>409 tells a gateway that came with its own numbers that they are not, or no longer, its own.</summary>
    public static async Task RegisterAsync(HttpContext context)
    {
        var hello = await PlaneBody.ReadJsonAsync(context, SnapshotJsonContext.Default.GatewayHello);
        if (hello is null)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(hello.GatewayId) || hello.GatewayId.Length > GatewayRegistry.TextLengthMax)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var registry = context.RequestServices.GetRequiredService<GatewayRegistry>();
        try
        {
            var welcome = await registry.RegisterAsync(
                hello with { Version = hello.Version ?? "" }, context.RequestAborted);
            await PlaneBody.WriteAsync(context, welcome, SnapshotJsonContext.Default.GatewayWelcome);
        }
        catch (GatewayNumbersException) when (hello.BootNo > 0)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
        }
    }

    /// <summary>409 tells a gateway that a newer boot of it, or none at all, is registered.</summary>
    public static async Task BeatAsync(HttpContext context)
    {
        var beat = await PlaneBody.ReadJsonAsync(context, SnapshotJsonContext.Default.GatewayBeat);
        if (beat is null)
        {
            return;
        }

        var registry = context.RequestServices.GetRequiredService<GatewayRegistry>();
        var reply = await registry.BeatAsync(beat with { Address = beat.Address ?? "" }, context.RequestAborted);
        if (reply is null)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
            return;
        }

        await PlaneBody.WriteAsync(context, reply, SnapshotJsonContext.Default.GatewayBeatReply);
    }
}
