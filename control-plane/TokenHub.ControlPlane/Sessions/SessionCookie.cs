namespace TokenHub.ControlPlane.Sessions;

/// <summary>
/// The console's cookie. Over TLS it is bound to this host by its name's prefix; plain HTTP is for loopback.
/// </summary>
internal static class SessionCookie
{
    public const string PlainName = "tokenhub_session";
    public const string SecureName = "__Host-tokenhub_session";

    public static string? Read(HttpRequest request) =>
        request.Cookies.TryGetValue(request.IsHttps ? SecureName : PlainName, out var token) ? token : null;

    public static void Set(HttpContext context, string token, DateTime expiresAt) =>
        context.Response.Cookies.Append(NameFor(context), token, Options(context, expiresAt));

    public static void Clear(HttpContext context) =>
        context.Response.Cookies.Delete(NameFor(context), Options(context, null));

    private static string NameFor(HttpContext context) => context.Request.IsHttps ? SecureName : PlainName;

    private static CookieOptions Options(HttpContext context, DateTime? expiresAt) => new()
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        Expires = expiresAt is { } at ? new DateTimeOffset(at, TimeSpan.Zero) : null,
        IsEssential = true,
    };
}
