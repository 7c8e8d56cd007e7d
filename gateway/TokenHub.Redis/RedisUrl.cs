using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace TokenHub.Redis;

/// <summary>
/// Reads the URL of a Redis server. By hand, because passwords with raw <c>/ @ #</c> are common and must neither be
/// misread as a host nor turn up in a message: no fault repeats any of the text.
/// </summary>
internal static class RedisUrl
{
    private const string Plain = "redis://";
    private const string Tls = "rediss://";
    private const string CaQuery = "ca=";
    private const int DatabaseMax = 1 << 16;

    public static bool TryParse(string url, [NotNullWhen(true)] out RedisOptions? options, out string fault)
    {
        options = null;
        var usesTls = url.StartsWith(Tls, StringComparison.OrdinalIgnoreCase);
        if (!usesTls && !url.StartsWith(Plain, StringComparison.OrdinalIgnoreCase))
        {
            fault = "A Redis URL begins with redis:// or rediss://.";
            return false;
        }

        var rest = url.AsSpan(usesTls ? Tls.Length : Plain.Length);
        var at = rest.LastIndexOf('@');
        var login = at < 0 ? default : rest[..at];
        rest = rest[(at + 1)..];
        var query = Cut(ref rest, '?');
        var database = Cut(ref rest, '/');
        if (!TryReadAddress(rest, out var host, out var port))
        {
            fault = "A Redis URL needs a host and, where given, a port from 1 to 65535.";
            return false;
        }

        var databaseNo = 0;
        if (!database.IsEmpty && (!TryReadNumber(database, out databaseNo) || databaseNo > DatabaseMax))
        {
            fault = "The path of a Redis URL is the number of a database.";
            return false;
        }

        if (!query.IsEmpty && !query.StartsWith(CaQuery))
        {
            fault = "A Redis URL takes no query but ca=/path/of/authorities.pem.";
            return false;
        }

        var colon = login.IndexOf(':');
        options = new RedisOptions
        {
            Host = host,
            Port = port,
            Database = databaseNo,
            UsesTls = usesTls,
            User = Decode(colon < 0 ? login : login[..colon]),
            Password = colon < 0 ? "" : Decode(login[(colon + 1)..]),
            CaFile = query.IsEmpty ? "" : Decode(query[CaQuery.Length..]),
        };
        fault = options.User.Length > 0 && options.Password.Length == 0
            ? "A Redis URL that names a user needs a password too: user:password@ or :password@."
            : "";
        options = fault.Length == 0 ? options : null;
        return options is not null;
    }

    // Takes what stands behind the mark off the text.
    private static ReadOnlySpan<char> Cut(ref ReadOnlySpan<char> text, char mark)
    {
        var at = text.IndexOf(mark);
        if (at < 0)
        {
            return default;
        }

        var tail = text[(at + 1)..];
        text = text[..at];
        return tail;
    }

    private static bool TryReadAddress(ReadOnlySpan<char> text, out string host, out int port)
    {
        port = RedisOptions.PortDefault;
        var isBracketed = text.StartsWith("[");
        var hostEnd = isBracketed ? text.IndexOf(']') : text.IndexOf(':');
        var tail = hostEnd < 0 ? default : text[(hostEnd + (isBracketed ? 1 : 0))..];
        host = (hostEnd < 0 ? (isBracketed ? default : text) : text[(isBracketed ? 1 : 0)..hostEnd]).ToString();
        if (Uri.CheckHostName(isBracketed ? $"[{host}]" : host) == UriHostNameType.Unknown)
        {
            return false;
        }

        return tail.IsEmpty || (tail[0] == ':' && TryReadNumber(tail[1..], out port) && port is > 0 and <= 65535);
    }

    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static string Decode(ReadOnlySpan<char> text) => Uri.UnescapeDataString(text.ToString());
}
