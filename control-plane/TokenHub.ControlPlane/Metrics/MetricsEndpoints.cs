using Npgsql;
using TokenHub.ControlPlane.Internal;
using TokenHub.ControlPlane.Options;

namespace TokenHub.ControlPlane.Metrics;

/// <summary><c>GET /metrics</c>, for whoever has the metrics' token or the gateways'.</summary>
internal static class MetricsEndpoints
{
    public const string Path = "/metrics";

    public static void MapMetrics(this IEndpointRouteBuilder app, ControlPlaneOptions options)
    {
        PlaneToken[] tokens = [new(options.MetricsToken ?? ""), new(options.PlaneToken)];
        app.MapGet(Path, context => ServeAsync(context, tokens)).ExcludeFromDescription();
    }

    private static async Task ServeAsync(HttpContext context, PlaneToken[] tokens)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!Array.Exists(tokens, token => token.IsCarriedBy(context.Request)))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        var services = context.RequestServices;
        var stand = await ReadAsync(services.GetRequiredService<LedgerGauges>(), context.RequestAborted);
        context.Response.ContentType = MetricsText.ContentType;
        await context.Response.WriteAsync(
            MetricsText.Write(services.GetRequiredService<MoneyMetrics>(), stand), context.RequestAborted);
    }

    // Without its database a control plane still has something to say: that.
    private static async Task<LedgerStand?> ReadAsync(LedgerGauges gauges, CancellationToken cancellation)
    {
        try
        {
            return await gauges.ReadAsync(cancellation);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            return null;
        }
    }
}
