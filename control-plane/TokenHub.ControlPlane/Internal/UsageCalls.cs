using System.Globalization;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger.Balances;
using TokenHub.Ledger.Draining;

namespace TokenHub.ControlPlane.Internal;

/// <summary>A gateway ships its log, or asks for an account to be put into Redis.</summary>
internal static class UsageCalls
{
    private const string GatewayHeader = "x-gateway-no";
    private const string BootHeader = "x-gateway-boot";

    /// <summary>
    /// 200 means committed. 400 and 413 mean that these bytes will never do, 409 that the gateway is not registered,
    /// 503 that the same batch is to be sent again.
    /// </summary>
    public static async Task IngestAsync(HttpContext context)
    {
        if (!TryReadNumber(context, GatewayHeader, RequestId.GatewayNoMax, out var gatewayNo)
            || !TryReadNumber(context, BootHeader, RequestId.BootNoMax, out var bootNo)
            || context.Request.ContentType != UsageBatch.ContentType)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        if (await PlaneBody.ReadAsync(context, UsageBatch.BytesMax) is not { } batch)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return;
        }

        try
        {
            var ingest = context.RequestServices.GetRequiredService<UsageIngest>();
            var receipt = await ingest.IngestAsync(gatewayNo, bootNo, batch, context.RequestAborted);
            await PlaneBody.WriteAsync(context, receipt, SnapshotJsonContext.Default.UsageReceipt);
        }
        catch (BatchFormatException)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
        }
        catch (UnknownGatewayException)
        {
            context.Response.StatusCode = StatusCodes.Status409Conflict;
        }
    }

    public static async Task HydrateAsync(HttpContext context)
    {
        var request = await PlaneBody.ReadJsonAsync(context, SnapshotJsonContext.Default.HydrateRequest);
        if (request is null)
        {
            return;
        }

        if (request.Account <= 0 || request.Key < 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var hydrator = context.RequestServices.GetRequiredService<Hydrator>();
        var reply = await hydrator.HydrateAsync(request, context.RequestAborted);
        await PlaneBody.WriteAsync(context, reply, SnapshotJsonContext.Default.HydrateReply);
    }

    private static bool TryReadNumber(HttpContext context, string header, int max, out int number) =>
        int.TryParse(
            context.Request.Headers[header].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out number)
        && number <= max;
}
