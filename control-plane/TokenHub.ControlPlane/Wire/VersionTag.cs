using System.Globalization;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Wire;

/// <summary><c>ETag</c> and <c>If-Match</c> over the <c>version</c> of things that can be changed.</summary>
internal static class VersionTag
{
    public static void Set(HttpContext context, long version) =>
        context.Response.Headers.ETag = string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Null when the caller does not insist on a version.</summary>
    public static long? Expected(HttpContext context)
    {
        var header = context.Request.Headers.IfMatch.ToString();
        if (header.Length == 0 || header == "*")
        {
            return null;
        }

        return header.Length > 2 && header[0] == '"' && header[^1] == '"'
            && long.TryParse(header.AsSpan()[1..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw RefusedException.VersionMismatch();
    }
}
