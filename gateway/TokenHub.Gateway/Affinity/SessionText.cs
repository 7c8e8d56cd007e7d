using System.Buffers.Text;

namespace TokenHub.Gateway.Affinity;

/// <summary>
/// Finds the session in what Claude Code sends as the id of its user: a JSON object as text with a <c>session_id</c>,
/// or of old <c>user_..._session_</c> and a uuid. Any other text is a key as it is.
/// </summary>
internal static class SessionText
{
    private const int UuidLength = 36;

    private static ReadOnlySpan<byte> Member => "\"session_id\""u8;

    private static ReadOnlySpan<byte> OldMark => "_session_"u8;

    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("{"u8) && text.IndexOf(Member) is >= 0 and var at)
        {
            var rest = text[(at + Member.Length)..].TrimStart(" \t\r\n:"u8);
            var end = rest.Length > 1 && rest[0] == '"' ? rest[1..].IndexOf((byte)'"') : -1;
            return end > 0 ? rest.Slice(1, end) : text;
        }

        var mark = text.LastIndexOf(OldMark);
        var tail = mark < 0 ? default : text[(mark + OldMark.Length)..];
        return tail.Length == UuidLength && Utf8Parser.TryParse(tail, out Guid _, out var read) && read == UuidLength
            ? tail : text;
    }
}
