using System.Globalization;

namespace TokenHub.ControlPlane.Wire;

/// <summary>
/// Ids as they stand on the wire: a prefix that names the kind, then the row's number. <c>key_1001</c>.
/// </summary>
internal static class WireId
{
    public const string User = "usr_";
    public const string Key = "key_";
    public const string Channel = "chn_";
    public const string Price = "prc_";
    public const string AffinityRule = "afr_";
    public const string Ledger = "led_";

    public static string Format(string prefix, long id) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{id}");

    /// <summary>Only the one canonical writing is read: no sign, no leading zero, no other digits.</summary>
    public static bool TryParse(string prefix, string? text, out long id)
    {
        id = 0;
        return text is not null
            && text.StartsWith(prefix, StringComparison.Ordinal)
            && text.Length > prefix.Length
            && text[prefix.Length] != '0'
            && long.TryParse(text.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out id);
    }
}
