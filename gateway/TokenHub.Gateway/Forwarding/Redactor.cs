using System.Buffers;
using System.Text;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Masks what an upstream's error text may tell of the pooled account: its key, its address, ids of organisation,
/// project and user. Each is overwritten by as many asterisks, so that the length and the JSON around it stay.
/// </summary>
internal static class Redactor
{
    private const int SecretCharsMin = 8;
    private const int LongRunCharsMin = 40;
    private const int LongNumberDigitsMin = 12;

    // Upstreams shorten a key in the middle with asterisks or dots; both belong to the run.
    private static readonly SearchValues<byte> RunBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-*."u8);

    // What begins an id or a secret, and how many characters must follow for it to be one.
    private static readonly (byte[] Prefix, int FollowMin)[] Marks =
    [
        ("sk-"u8.ToArray(), 4), ("sk_"u8.ToArray(), 4), ("AIza"u8.ToArray(), 4), ("ya29."u8.ToArray(), 4),
        ("AKIA"u8.ToArray(), 8), ("ASIA"u8.ToArray(), 8), ("Bearer "u8.ToArray(), 8), ("Basic "u8.ToArray(), 8),
        ("org-"u8.ToArray(), 6), ("proj_"u8.ToArray(), 4), ("user-"u8.ToArray(), 8), ("user_"u8.ToArray(), 8),
        ("acct_"u8.ToArray(), 4), ("projects/"u8.ToArray(), 3), ("key-"u8.ToArray(), 8), ("eyJ"u8.ToArray(), 16),
    ];

    public static void Mask(Span<byte> text, UpstreamChannel channel)
    {
        foreach (var secret in channel.SecretTexts)
        {
            MaskLiteral(text, secret);
        }

        if (Uri.TryCreate(channel.Site.Base, UriKind.Absolute, out var address))
        {
            MaskLiteral(text, address.Authority);
            MaskLiteral(text, address.Host);
        }

        foreach (var (prefix, followMin) in Marks)
        {
            MaskMarked(text, prefix, followMin);
        }

        MaskLongRuns(text);
        MaskLongNumbers(text);
    }

    private static void MaskLiteral(Span<byte> text, string secret)
    {
        if (secret.Length < SecretCharsMin)
        {
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(secret);
        for (var rest = text; rest.IndexOf(bytes) is >= 0 and var at; rest = rest[(at + bytes.Length)..])
        {
            rest.Slice(at, bytes.Length).Fill((byte)'*');
        }
    }

    private static void MaskMarked(Span<byte> text, byte[] prefix, int followMin)
    {
        var rest = text;
        while (rest.IndexOf(prefix) is >= 0 and var at)
        {
            var startsWord = at == 0 || !char.IsAsciiLetterOrDigit((char)rest[at - 1]);
            rest = rest[(at + prefix.Length)..];
            var length = RunLength(rest);

            // A word may begin like an id (user_error); ids have digits. A key that was shortened may have none.
            if (startsWord && length >= followMin
                && (prefix[0] == 's' || rest[..length].ContainsAnyInRange((byte)'0', (byte)'9')))
            {
                rest[..length].Fill((byte)'*');
            }

            rest = rest[length..];
        }
    }

    // Whatever is long, unbroken and has digits is an id or a secret; error texts have no such words.
    private static void MaskLongRuns(Span<byte> text)
    {
        var rest = text;
        while (rest.IndexOfAny(RunBytes) is >= 0 and var at)
        {
            rest = rest[at..];
            var length = RunLength(rest);
            if (length >= LongRunCharsMin && rest[..length].ContainsAnyInRange((byte)'0', (byte)'9'))
            {
                rest[..length].Fill((byte)'*');
            }

            rest = rest[length..];
        }
    }

    // Numbers of accounts and projects, in resource names for instance.
    private static void MaskLongNumbers(Span<byte> text)
    {
        var length = 0;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && char.IsAsciiDigit((char)text[i]))
            {
                length++;
                continue;
            }

            if (length >= LongNumberDigitsMin)
            {
                text.Slice(i - length, length).Fill((byte)'*');
            }

            length = 0;
        }
    }

    private static int RunLength(Span<byte> text)
    {
        var end = text.IndexOfAnyExcept(RunBytes);
        return end < 0 ? text.Length : end;
    }
}
