using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace TokenHub.Redis;

/// <summary>
/// Reads the URL of a Redis server, a Cluster or its sentinels. By hand, because passwords with raw <c>/ @ #</c> are
/// common and must neither be misread as a host nor turn up in a message: no fault repeats any of the text.
/// </summary>
/// <remarks>
/// Query: <c>ca=</c> file of authorities, <c>mode=</c> single, cluster or sentinel, <c>master=</c> its name at the
/// sentinels, <c>sentinel_user=</c> and <c>sentinel_password=</c>; values percent-encoded.
/// </remarks>
internal static class RedisUrl
{
    private const string Plain = "redis://";
    private const string Tls = "rediss://";
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
        if (!TryReadHosts(rest, out var hosts))
        {
            fault = "A Redis URL needs a host, or several with commas between, and ports from 1 to 65535 where given.";
            return false;
        }

        var databaseNo = 0;
        if (!database.IsEmpty && (!TryReadNumber(database, out databaseNo) || databaseNo > DatabaseMax))
        {
            fault = "The path of a Redis URL is the number of a database.";
            return false;
        }

        var colon = login.IndexOf(':');
        var read = new RedisOptions
        {
            Host = hosts[0].Host,
            Port = hosts[0].Port,
            MoreHosts = hosts[1..],
            Database = databaseNo,
            UsesTls = usesTls,
            User = Decode(colon < 0 ? login : login[..colon]),
            Password = colon < 0 ? "" : Decode(login[(colon + 1)..]),
        };
        if (!TryReadQuery(query, ref read))
        {
            fault = "A Redis URL takes no query but ca, mode (single, cluster, sentinel), master, sentinel_user and "
                + "sentinel_password.";
            return false;
        }

        fault = FaultOf(read);
        read = WithPorts(read);
        options = fault.Length == 0 ? read : null;
        return options is not null;
    }

    // A sentinel listens on another port by custom than a server.
    private static RedisOptions WithPorts(RedisOptions read)
    {
        var usual = read.Mode == RedisMode.Sentinel ? RedisOptions.SentinelPortDefault : RedisOptions.PortDefault;
        return read with
        {
            Port = read.Port == 0 ? usual : read.Port,
            MoreHosts = [.. read.MoreHosts.Select(host => host.Port == 0 ? host with { Port = usual } : host)],
        };
    }

    private static string FaultOf(RedisOptions read) =>
        read.User.Length > 0 && read.Password.Length == 0
            ? "A Redis URL that names a user needs a password too: user:password@ or :password@."
        : read.Mode == RedisMode.Sentinel && read.MasterName.Length == 0
            ? "A Redis URL with mode=sentinel needs the master's name: master=name."
        : read.Mode != RedisMode.Sentinel && (read.MasterName + read.SentinelUser + read.SentinelPassword).Length > 0
            ? "In a Redis URL master, sentinel_user and sentinel_password go with mode=sentinel."
        : read.SentinelUser.Length > 0 && read.SentinelPassword.Length == 0
            ? "A Redis URL with sentinel_user needs sentinel_password too."
        : read.Mode == RedisMode.OneServer && read.MoreHosts.Count > 0
            ? "A Redis URL with mode=single has one host."
        : read.Mode == RedisMode.Cluster && read.Database != 0
            ? "A Redis Cluster has no database but 0."
        : "";

    private static bool TryReadQuery(ReadOnlySpan<char> query, ref RedisOptions read)
    {
        foreach (var part in query.ToString().Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            var value = at < 0 ? "" : Decode(part.AsSpan(at + 1));
            RedisOptions? next = (at < 0 ? part : part[..at]) switch
            {
                "ca" => read with { CaFile = value },
                "mode" when value == "single" => read with { Mode = RedisMode.OneServer },
                "mode" when value == "cluster" => read with { Mode = RedisMode.Cluster },
                "mode" when value == "sentinel" => read with { Mode = RedisMode.Sentinel },
                "master" => read with { MasterName = value },
                "sentinel_user" => read with { SentinelUser = value },
                "sentinel_password" => read with { SentinelPassword = value },
                _ => null,
            };
            if (next is null)
            {
                return false;
            }

            read = next;
        }

        return true;
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

    private static bool TryReadHosts(ReadOnlySpan<char> text, out RedisEndpoint[] hosts)
    {
        var read = new List<RedisEndpoint>();
        foreach (var part in text.ToString().Split(','))
        {
            if (!TryReadAddress(part, out var host, out var port))
            {
                break;
            }

            read.Add(new RedisEndpoint(host, port));
        }

        hosts = [.. read];
        return hosts.Length > 0 && hosts.Length == text.ToString().Split(',').Length;
    }

    // The port is 0 where none is given.
    private static bool TryReadAddress(ReadOnlySpan<char> text, out string host, out int port)
    {
        port = 0;
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
