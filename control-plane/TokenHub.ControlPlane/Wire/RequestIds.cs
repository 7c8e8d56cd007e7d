using System.Buffers;

namespace TokenHub.ControlPlane.Wire;

/// <summary>
/// Names each call: the caller's own <c>x-request-id</c> where it is harmless, else a new one; sent back always.
/// </summary>
internal static class RequestIds
{
    public const string Header = "x-request-id";
    private const int LengthMax = 64;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    public static string Of(HttpContext context) => context.TraceIdentifier;

    public static void Assign(HttpContext context)
    {
        var given = context.Request.Headers[Header];
        var id = given.Count == 1 && IsHarmless(given[0]) ? given[0]! : Guid.CreateVersion7().ToString("n");
        context.TraceIdentifier = id;
        context.Response.Headers[Header] = id;
    }

    private static bool IsHarmless(string? id) =>
        id is { Length: > 0 and <= LengthMax } && !id.AsSpan().ContainsAnyExcept(Allowed);
}
