using Microsoft.AspNetCore.Http.HttpResults;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.OpenApi;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Routing;

/// <summary>What can be asked of the choice of channels.</summary>
internal static class RoutingEndpoints
{
    public static void MapRouting(this RouteGroupBuilder api) =>
        api.MapPost("/routing/explain", ExplainAsync)
            .Documented("explainRoute", "routing", "Say where a call would go, and why, without making it.", 400);

    private static async Task<Ok<RouteExplanation>> ExplainAsync(
        JsonBody<ExplainRoute> body, Caller caller, RouteExplainer explainer, CancellationToken cancellation) =>
        TypedResults.Ok(await explainer.ExplainAsync(body.Value, caller, cancellation));
}
