using Npgsql;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Internal;

/// <summary>What gateways call, under <see cref="PlaneMessages.BasePath"/>.</summary>
internal static class InternalEndpoints
{
    private const string RetryAfterSeconds = "1";

    /// <summary>Nothing under here is open to anyone without the token, whatever stands before it.</summary>
    public static void MapInternalEndpoints(this IEndpointRouteBuilder routes, string planeToken)
    {
        var token = new PlaneToken(planeToken);
        void Map(string method, string path, Func<HttpContext, Task> handler) => routes
            .MapMethods(path, [method], context => ServeAsync(context, token, handler))
            .ExcludeFromDescription();

        Map("POST", PlaneMessages.RegisterPath, GatewayCalls.RegisterAsync);
        Map("POST", PlaneMessages.BeatPath, GatewayCalls.BeatAsync);
        Map("POST", PlaneMessages.UsagePath, UsageCalls.IngestAsync);
        Map("POST", PlaneMessages.HydratePath, UsageCalls.HydrateAsync);
        Map("POST", PlaneMessages.RecountPath, QuotaCalls.RecountAsync);
        Map("POST", PlaneMessages.CredentialPath, SnapshotCalls.ReplaceCredentialAsync);
        Map("GET", PlaneMessages.SnapshotPath, SnapshotCalls.GetAsync);
        Map("GET", PlaneMessages.KeysPath + "/{hash}", SnapshotCalls.FindKeyAsync);
    }

    private static async Task ServeAsync(HttpContext context, PlaneToken token, Func<HttpContext, Task> handler)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (!token.IsCarriedBy(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        try
        {
            await handler(context);
        }
        catch (Exception error) when (IsOutage(error) && !context.Response.HasStarted)
        {
            Logger(context).LogWarning("{Path} cannot be served now: {Reason}", context.Request.Path, error.Message);
            context.Response.Clear();
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
    }

    private static bool IsOutage(Exception error) =>
        error is NpgsqlException or RedisUnavailableException or Ledger.Draining.LedgerBusyException;

    private static ILogger Logger(HttpContext context) =>
        context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(InternalEndpoints).FullName!);
}
