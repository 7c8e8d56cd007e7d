using System.Globalization;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Publishing;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Internal;

/// <summary>A gateway asks for what it serves from.</summary>
internal static class SnapshotCalls
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Without <c>after</c> the present snapshot at once; with it, 304 when none other comes in time.
    /// </summary>
    public static async Task GetAsync(HttpContext context)
    {
        var after = -1L;
        if (context.Request.Query.TryGetValue("after", out var text)
            && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out after))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        // A gateway that waits must not hold up the control plane's stop.
        var lifetime = context.RequestServices.GetRequiredService<IHostApplicationLifetime>();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            var feed = context.RequestServices.GetRequiredService<SnapshotFeed>();
            if (await feed.WaitAsync(after, Patience, ends.Token) is { } json)
            {
                await PlaneBody.WriteAsync(context, json);
                return;
            }
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Answered as if nothing had come.
        }

        context.Response.StatusCode = StatusCodes.Status304NotModified;
    }

    /// <summary>A credential that an issuer has replaced; 400 when it does not open as the channel's own.</summary>
    public static async Task ReplaceCredentialAsync(HttpContext context)
    {
        var replaced = await PlaneBody.ReadJsonAsync(context, SnapshotJsonContext.Default.CredentialReplaced);
        if (replaced is null)
        {
            return;
        }

        var credentials = context.RequestServices.GetRequiredService<ReplacedCredentials>();
        if (await credentials.KeepAsync(replaced, context.RequestAborted) is not { } isKept)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        await PlaneBody.WriteAsync(
            context, new PlaneMessages.CredentialReceipt(isKept), SnapshotJsonContext.Default.CredentialReceipt);
    }

    public static async Task FindKeyAsync(HttpContext context)
    {
        if (!HubKeyHash.TryParse((string?)context.Request.RouteValues["hash"] ?? "", out var hash))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        var keys = context.RequestServices.GetRequiredService<KeyRecords>();
        if (await keys.FindAsync(hash, context.RequestAborted) is not { } record)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await PlaneBody.WriteAsync(context, record, SnapshotJsonContext.Default.KeyRecord);
    }
}
