using System.Security.Cryptography;

namespace TokenHub.ControlPlane.Site;

/// <summary>The page at the root, from this assembly's own resources.</summary>
internal static class SiteEndpoints
{
    public static void MapSite(this IEndpointRouteBuilder app)
    {
        Map(app, "/", "index.html", "text/html; charset=utf-8");
        Map(app, "/site.css", "site.css", "text/css; charset=utf-8");
    }

    private static void Map(IEndpointRouteBuilder app, string path, string resource, string contentType)
    {
        using var stream = typeof(SiteEndpoints).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"{resource} is not in the assembly.");
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        var bytes = buffer.ToArray();
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8))}\"";
        app.MapGet(path, async (HttpContext context) =>
        {
            context.Response.Headers.ETag = tag;
            context.Response.Headers.CacheControl = "no-cache";
            if (context.Request.Headers.IfNoneMatch == tag)
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            context.Response.ContentType = contentType;
            context.Response.ContentLength = bytes.Length;
            await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
        }).ExcludeFromDescription();
    }
}
