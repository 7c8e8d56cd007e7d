using System.Text;

namespace TokenHub.Protocols.Tokens;

/// <summary>What a request sends, counted in the classes that an estimate of its tokens needs.</summary>
public record struct InputTally
{
    /// <summary>ASCII bytes of text, unescaped.</summary>
    public long AsciiBytes { get; set; }

    /// <summary>Code points of Chinese, Japanese and Korean, and others of three UTF-8 bytes.</summary>
    public long WideChars { get; set; }

    /// <summary>Code points of two UTF-8 bytes: Latin with accents, Greek, Cyrillic, Hebrew, Arabic.</summary>
    public long TwoByteChars { get; set; }

    /// <summary>Code points of four UTF-8 bytes, emoji mostly.</summary>
    public long FourByteChars { get; set; }

    /// <summary>JSON bytes of tool definitions and answer schemas.</summary>
    public long ToolBytes { get; set; }

    public bool HasTools { get; set; }

    public int Messages { get; set; }

    /// <summary>Tokens given as numbers, as embeddings allow.</summary>
    public long TokenIds { get; set; }

    public int Images { get; set; }

    /// <summary>Pages of documents, guessed from their size.</summary>
    public long Pages { get; set; }

    /// <summary>Bytes of audio, base64 taken off.</summary>
    public long AudioBytes { get; set; }

    public long VideoBytes { get; set; }

    /// <summary>Counts text of well-formed UTF-8 without JSON escapes.</summary>
    public void AddText(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            var ascii = text.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
            if (ascii < 0)
            {
                AsciiBytes += text.Length;
                return;
            }

            AsciiBytes += ascii;
            text = text[ascii..];
            var other = text.IndexOfAnyInRange((byte)0, (byte)0x7F);
            var run = other < 0 ? text : text[..other];
            AddNonAscii(run);
            text = text[run.Length..];
        }
    }

    /// <summary>Counts one code point of an escape.</summary>
    public void AddRune(Rune rune)
    {
        switch (rune.Utf8SequenceLength)
        {
            case 1:
                AsciiBytes++;
                break;
            case 2:
                TwoByteChars++;
                break;
            case 3:
                WideChars++;
                break;
            default:
                FourByteChars++;
                break;
        }
    }

    // The first byte of a character tells its length.
    private void AddNonAscii(ReadOnlySpan<byte> run)
    {
        foreach (var b in run)
        {
            TwoByteChars += b is >= 0xC0 and < 0xE0 ? 1 : 0;
            WideChars += b is >= 0xE0 and < 0xF0 ? 1 : 0;
            FourByteChars += b >= 0xF0 ? 1 : 0;
        }
    }
}
