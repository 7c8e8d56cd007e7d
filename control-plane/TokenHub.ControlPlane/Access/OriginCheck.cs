using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Access;

/// <summary>
/// A browser sends the cookie by itself, so a changing call that relies on it must come from our own pages. Browsers
/// name the page's origin on every such call; a call without one is refused too.
/// </summary>
internal static class OriginCheck
{
    public static void RequireForUnsafe(HttpContext context)
    {
        var method = context.Request.Method;
        if (!HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method)
            && !IsOwn(context.Request))
        {
            throw new RefusedException(ProblemCode.BadOrigin, "A call by cookie must come from our own pages.");
        }
    }

    public static bool IsOwn(HttpRequest request)
    {
        var origin = request.Headers.Origin;
        return origin.Count == 1
            && string.Equals(origin[0], $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);
    }
}
