using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

/// <summary>
/// An opaque item on its way through a client of another dialect, in the slot that this dialect has for its own:
/// <c>th1.issuer.kind.family.id.data</c>, the last three in base64url. The issuer's bytes come out as they went in.
/// </summary>
public static class OpaqueCarrier
{
    public const string Prefix = "th1.";

    /// <summary>As <see cref="Prefix"/>.</summary>
    public static ReadOnlySpan<byte> PrefixUtf8 => "th1."u8;

    private const int Fields = 6;

    public static string Write(OpaqueItem item) => string.Join(
        '.', "th1", ((int)item.Issuer).ToString(), ((int)item.Kind).ToString(), Encode(item.Family),
        Encode(item.Id ?? ""), Encode(item.Data));

    /// <summary>True when a text in an opaque slot is a carrier, and none of the slot's own.</summary>
    public static bool IsCarrier(ReadOnlySpan<char> text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>False for a text that is no carrier, or a broken one.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out OpaqueItem? item)
    {
        item = null;
        var fields = IsCarrier(text) ? text.Split('.', Fields + 1) : [];
        if (fields.Length != Fields
            || !byte.TryParse(fields[1], out var issuer) || issuer is 0 or > (byte)Dialect.Converse
            || !byte.TryParse(fields[2], out var kind) || kind is 0 or > (byte)OpaqueKind.Text
            || Decode(fields[3]) is not { } family || Decode(fields[4]) is not { } id
            || Decode(fields[5]) is not { } data)
        {
            return false;
        }

        item = new OpaqueItem((Dialect)issuer, family, (OpaqueKind)kind, data, id.Length > 0 ? id : null);
        return true;
    }

    /// <summary>
    /// What stands in an opaque slot: the item of a carrier, else one of the slot's own dialect. Null for a carrier
    /// that is broken: nobody could read it.
    /// </summary>
    public static OpaqueItem? ReadSlot(string text, Dialect own, OpaqueKind kind, string? id = null) =>
        text.Length == 0 ? null
        : IsCarrier(text) ? (TryRead(text, out var item) ? item : null)
        : new OpaqueItem(own, "", kind, text, id);

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string? Decode(string field) =>
        Base64Url.IsValid(field) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(field)) : null;
}
