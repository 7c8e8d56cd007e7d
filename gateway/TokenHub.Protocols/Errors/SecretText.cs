using System.Buffers;
using System.Text;

namespace TokenHub.Protocols.Errors;

/// <summary>
/// Takes what looks like a credential or an account's id out of a text that an upstream wrote, before a caller sees it.
/// </summary>
public static class SecretText
{
    private const string Mask = "[redacted]";
    private const int TailMin = 8;

    private static readonly string[] Prefixes =
    [
        "sk-", "sk_", "rk_", "pk_", "AIza", "ya29.", "gsk_", "xai-", "AKIA", "ASIA", "eyJ", "ghp_", "hf_", "r8_",
        "pplx-", "Bearer ", "bearer ", "org-", "user_", "proj_", "key=",
    ];

    private static readonly SearchValues<char> TokenChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*+/=~");

    public static string Redact(string text)
    {
        StringBuilder? clean = null;
        var kept = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var length = SecretAt(text, i);
            if (length == 0)
            {
                continue;
            }

            clean ??= new StringBuilder(text.Length);
            clean.Append(text, kept, i - kept).Append(Mask);
            i += length - 1;
            kept = i + 1;
        }

        return clean is null ? text : clean.Append(text, kept, text.Length - kept).ToString();
    }

    // A prefix counts only at the beginning of a word, and only with a tail that is long enough to be a secret.
    private static int SecretAt(string text, int at)
    {
        if (at > 0 && (char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] is '-' or '_'))
        {
            return 0;
        }

        foreach (var prefix in Prefixes)
        {
            if (!text.AsSpan(at).StartsWith(prefix, StringComparison.Ordinal))
            {
                continue;
            }

            var tail = text.AsSpan(at + prefix.Length);
            var length = tail.IndexOfAnyExcept(TokenChars);
            length = length < 0 ? tail.Length : length;
            if (length >= TailMin)
            {
                return prefix.Length + length;
            }
        }

        return 0;
    }
}
