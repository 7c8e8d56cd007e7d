namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Which headers a channel may send of its own: none that says who calls, none that frames a message or belongs to one
/// connection, none that the gateway writes itself.
/// </summary>
public static class ExtraHeaderRules
{
    public const int CountMax = 16;
    public const int NameCharsMax = 100;
    public const int ValueCharsMax = 2000;

    private static readonly string[] Refused =
    [
        "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "set-cookie",
        "host", "accept", "accept-encoding", "user-agent", "expect", "via", "forwarded", "connection", "keep-alive",
        "te", "trailer", "trailers", "transfer-encoding", "upgrade", "http2-settings",
    ];

    private static readonly string[] RefusedPrefixes =
        ["content-", "proxy-", "sec-", "x-amz-", "x-forwarded-", "x-tokenhub-"];

    public static bool IsName(string name)
    {
        if (name.Length is 0 or > NameCharsMax)
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return !Array.Exists(Refused, refused => refused.Equals(name, StringComparison.OrdinalIgnoreCase))
            && !Array.Exists(
                RefusedPrefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Printable ASCII without blanks at the ends: a line end would be another header.</summary>
    public static bool IsValue(string value) =>
        value.Length is > 0 and <= ValueCharsMax && value.Trim().Length == value.Length
        && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
