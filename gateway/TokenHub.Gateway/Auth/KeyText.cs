using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using TokenHub.Core.Keys;

namespace TokenHub.Gateway.Auth;

internal enum KeyTextFault : byte
{
    None = 0,
    Missing,
    Malformed,
}

/// <summary>
/// Finds the client key in a request: five places, none of which tells the dialect. Some clients send two at once, so
/// the first that has the shape of a key counts. The key is never made into a string of its own.
/// </summary>
internal static class KeyText
{
    private const int QueryPairsMax = 64;

    public static KeyTextFault TryFind(IHeaderDictionary headers, ReadOnlySpan<char> query, out HubKeyHash hash)
    {
        hash = default;
        var seen = false;
        return TryHeader(headers.Authorization, isBearer: true, ref seen, ref hash)
            || TryHeader(headers["x-api-key"], isBearer: false, ref seen, ref hash)
            || TryHeader(headers["x-goog-api-key"], isBearer: false, ref seen, ref hash)
            || TryHeader(headers["api-key"], isBearer: false, ref seen, ref hash)
            || TryQuery(query, ref seen, ref hash)
            ? KeyTextFault.None
            : seen ? KeyTextFault.Malformed : KeyTextFault.Missing;
    }

    private static bool TryHeader(StringValues values, bool isBearer, ref bool seen, ref HubKeyHash hash)
    {
        foreach (var value in values)
        {
            var text = value.AsSpan().Trim(' ');
            if (isBearer && text.StartsWith("Bearer", StringComparison.OrdinalIgnoreCase)
                && (text.Length == "Bearer".Length || text["Bearer".Length] == ' '))
            {
                text = text["Bearer".Length..].Trim(' ');
            }

            if (TryKey(text, ref seen, ref hash))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryQuery(ReadOnlySpan<char> query, ref bool seen, ref HubKeyHash hash)
    {
        query = query.TrimStart('?');
        for (var i = 0; i < QueryPairsMax && !query.IsEmpty; i++)
        {
            var end = query.IndexOf('&');
            var pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            if (pair.StartsWith("key=") && TryKey(pair["key=".Length..], ref seen, ref hash))
            {
                return true;
            }
        }

        return false;
    }

    // A key has only letters, digits and dashes: escaped or not, it reads the same in a query.
    private static bool TryKey(ReadOnlySpan<char> text, ref bool seen, ref HubKeyHash hash)
    {
        if (text.IsEmpty)
        {
            return false;
        }

        seen = true;
        Span<byte> key = stackalloc byte[HubKey.Length];
        if (text.Length != HubKey.Length
            || System.Text.Ascii.FromUtf16(text, key, out _) != System.Buffers.OperationStatus.Done
            || !HubKey.IsWellFormed(key))
        {
            return false;
        }

        hash = HubKeyHash.Of(key);
        return true;
    }
}
