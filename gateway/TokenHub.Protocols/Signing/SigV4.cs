using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Protocols.Signing;

/// <summary>Whose signature it is and what for.</summary>
/// <param name="SessionToken">Null or empty for keys that last.</param>
public sealed record SigV4Identity(
    string AccessKeyId, string SecretAccessKey, string? SessionToken, string Region, string Service)
{
    /// <summary>A secret never prints itself.</summary>
    public override string ToString() => $"{Region}/{Service}";
}

/// <summary>
/// Signs a call as AWS wants it (Signature Version 4), with these headers signed: content-type when there is a body,
/// host, x-amz-content-sha256, x-amz-date, x-amz-security-token when there is one.
/// </summary>
public static class SigV4
{
    public const string ContentType = "application/json";
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>
    /// The headers that carry the signature; host and content-type are sent besides, as they were signed.
    /// </summary>
    /// <param name="address">As it goes over the wire: its path is escaped once.</param>
    public static KeyValuePair<string, string>[] Sign(
        SigV4Identity identity, string method, Uri address, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var payload = Convert.ToHexStringLower(SHA256.HashData(body));
        var date = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var hasToken = !string.IsNullOrEmpty(identity.SessionToken);
        List<KeyValuePair<string, string>> signed =
        [
            new("host", HostOf(address)), new("x-amz-content-sha256", payload), new("x-amz-date", date),
        ];
        if (method != "GET")
        {
            signed.Insert(0, new("content-type", ContentType));
        }

        if (hasToken)
        {
            signed.Add(new("x-amz-security-token", identity.SessionToken!));
        }

        var names = string.Join(';', signed.Select(header => header.Key));
        var canonical = CanonicalRequest(method, address, signed, names, payload);
        var scope = $"{date[..8]}/{identity.Region}/{identity.Service}/aws4_request";
        var text = $"{Algorithm}\n{date}\n{scope}\n{HashOf(canonical)}";
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(
            KeyOf(identity, date[..8]), Encoding.UTF8.GetBytes(text)));
        var authorization =
            $"{Algorithm} Credential={identity.AccessKeyId}/{scope}, SignedHeaders={names}, Signature={signature}";
        KeyValuePair<string, string>[] headers =
        [
            new("x-amz-date", date), new("x-amz-content-sha256", payload), new("authorization", authorization),
        ];
        return hasToken ? [.. headers, new("x-amz-security-token", identity.SessionToken!)] : headers;
    }

    /// <summary>Lower-case hex of the SHA-256 of the canonical request; for those who check a signature.</summary>
    internal static string HashOf(string canonicalRequest) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonicalRequest)));

    internal static string CanonicalRequest(
        string method, Uri address, IEnumerable<KeyValuePair<string, string>> signed, string names, string payload)
    {
        var text = new StringBuilder();
        text.Append(method).Append('\n').Append(CanonicalPath(address.AbsolutePath)).Append('\n')
            .Append(CanonicalQuery(address.Query)).Append('\n');
        foreach (var (name, value) in signed)
        {
            text.Append(name).Append(':').Append(value).Append('\n');
        }

        return text.Append('\n').Append(names).Append('\n').Append(payload).ToString();
    }

    /// <summary>
    /// Each segment of the path, escaped as it is on the wire, is escaped once more: <c>%3A</c> becomes <c>%253A</c>.
    /// </summary>
    internal static string CanonicalPath(string path) =>
        path.Length == 0 ? "/" : string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    // In order of name and then of value, each escaped exactly once.
    private static string CanonicalQuery(string query)
    {
        var pairs = query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .Select(pair => (Name: Once(pair[0]), Value: pair.Length > 1 ? Once(pair[1]) : ""))
            .OrderBy(pair => pair.Name, StringComparer.Ordinal).ThenBy(pair => pair.Value, StringComparer.Ordinal);
        return string.Join('&', pairs.Select(pair => $"{pair.Name}={pair.Value}"));
    }

    private static string Once(string text) => Uri.EscapeDataString(Uri.UnescapeDataString(text));

    private static string HostOf(Uri address)
    {
        var host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.IdnHost;
        return address.IsDefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{address.Port}");
    }

    private static byte[] KeyOf(SigV4Identity identity, string day)
    {
        var key = Encoding.UTF8.GetBytes("AWS4" + identity.SecretAccessKey);
        foreach (var part in (ReadOnlySpan<string>)[day, identity.Region, identity.Service, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return key;
    }
}
