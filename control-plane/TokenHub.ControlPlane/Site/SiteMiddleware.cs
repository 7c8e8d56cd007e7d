namespace TokenHub.ControlPlane.Site;

/// <summary>Answers with the console what no route of the API answers.</summary>
internal sealed class SiteMiddleware(RequestDelegate next, SiteFiles files)
{
    private static readonly PathString[] NotPages = ["/api", "/internal"];

    public Task InvokeAsync(HttpContext context) =>
        Find(context) is { } file ? file.WriteAsync(context) : next(context);

    private SiteFile? Find(HttpContext context)
    {
        var request = context.Request;
        var isAsked = context.GetEndpoint() is null
            && (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method));
        return isAsked && !NotPages.Any(path => request.Path.StartsWithSegments(path, StringComparison.Ordinal))
            ? files.Find(request.Path.Value ?? "/")
            : null;
    }
}
