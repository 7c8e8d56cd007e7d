using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.OpenApi;

namespace TokenHub.ControlPlane.Status;

/// <summary>Probes for supervisors, and the state of the installation for operators.</summary>
internal static class StatusEndpoints
{
    public static void MapProbes(this IEndpointRouteBuilder app)
    {
        app.MapGet("/healthz", () => TypedResults.Ok(new HealthView("ok"))).ExcludeFromDescription();
        app.MapGet("/readyz", ReadyAsync).ExcludeFromDescription();
    }

    public static void MapStatus(this RouteGroupBuilder api) =>
        api.MapGet("/status", StatusAsync)
            .Documented("getStatus", "status", "Build, servers, and each gateway with its log and lag.");

    private static async Task<JsonHttpResult<ReadyView>> ReadyAsync(
        ServerChecks servers, IHostApplicationLifetime lifetime, CancellationToken cancellation)
    {
        var redis = servers.RedisAsync(cancellation);
        var postgres = await servers.PostgresAsync(cancellation);
        var draining = lifetime.ApplicationStopping.IsCancellationRequested;
        var ready = postgres.Ok && (await redis).Ok && !draining;
        return TypedResults.Json(
            new ReadyView(ready, postgres.Ok, (await redis).Ok, draining),
            ApiJsonContext.Default.ReadyView,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<Ok<StatusView>> StatusAsync(StatusReader status, CancellationToken cancellation) =>
        TypedResults.Ok(await status.ReadAsync(cancellation));
}
