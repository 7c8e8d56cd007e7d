using System.Text;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs.Answers;

/// <summary>
/// Where the characters of a text stand among its bytes: OpenAI counts the one, Google the other. The text itself is
/// not kept, only where its characters begin to be wider or narrower.
/// </summary>
internal sealed class TextPlaces
{
    /// <summary>Changes of width that are kept; places behind more of them are not known.</summary>
    private const int RunsMax = 8 << 10;

    private const int RunsFirst = 512;

    private readonly List<Run> _runs = [];
    private int _width = 1;

    /// <summary>Characters so far.</summary>
    public int Chars { get; private set; }

    private int Bytes { get; set; }

    private bool IsFull => _runs.Count == RunsMax;

    public void Reset()
    {
        _runs.Clear();
        (Chars, Bytes, _width) = (0, 0, 1);
    }

    /// <summary>Characters of a text, given as the inside of a JSON string.</summary>
    public static int CountChars(ReadOnlySpan<byte> inside)
    {
        var chars = 0;
        while (!inside.IsEmpty)
        {
            var plain = inside.IndexOf((byte)'\\');
            var text = plain < 0 ? inside : inside[..plain];

            foreach (var b in text)
            {
                // Every byte but those behind the first of a character.
                chars += (b & 0xC0) == 0x80 ? 0 : 1;
            }

            inside = inside[text.Length..];
            if (!inside.IsEmpty)
            {
                JsonText.ReadEscape(ref inside);
                chars++;
            }
        }

        return chars;
    }

    /// <summary>More of the text, as the inside of a JSON string.</summary>
    public void Add(ReadOnlySpan<byte> inside)
    {
        while (!inside.IsEmpty)
        {
            var plain = inside.IndexOfAny(Wide);
            plain = plain < 0 ? inside.Length : plain;
            if (plain > 0)
            {
                Add(plain, width: 1);
                inside = inside[plain..];
            }
            else if (inside[0] == '\\')
            {
                Add(1, JsonText.ReadEscape(ref inside).Utf8SequenceLength);
            }
            else
            {
                Rune.DecodeFromUtf8(inside, out var rune, out var read);
                Add(1, rune.Utf8SequenceLength);
                inside = inside[read..];
            }
        }
    }

    /// <summary>The character that begins at a byte; -1 where that is not known.</summary>
    public int CharAt(int at)
    {
        var run = Find(at, byBytes: true);
        return at < 0 || at > Bytes || IsFull ? -1 : run.Chars + ((at - run.Bytes) / run.Width);
    }

    /// <summary>The byte at which a character begins; -1 where that is not known.</summary>
    public int ByteAt(int at)
    {
        var run = Find(at, byBytes: false);
        return at < 0 || at > Chars || IsFull ? -1 : run.Bytes + ((at - run.Chars) * run.Width);
    }

    private static readonly System.Buffers.SearchValues<byte> Wide = System.Buffers.SearchValues.Create(
        [(byte)'\\', .. Enumerable.Range(128, 128).Select(b => (byte)b)]);

    private void Add(int chars, int width)
    {
        if (width != _width && !IsFull)
        {
            _runs.EnsureCapacity(RunsFirst);
            _runs.Add(new Run(Bytes, Chars, width));
        }

        _width = width;
        (Chars, Bytes) = (Chars + chars, Bytes + (chars * width));
    }

    // The last run that begins at or before the place; before the first, every character is a byte.
    private Run Find(int at, bool byBytes)
    {
        var (low, high) = (-1, _runs.Count - 1);
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            var begin = byBytes ? _runs[middle].Bytes : _runs[middle].Chars;
            (low, high) = begin <= at ? (middle, high) : (low, middle - 1);
        }

        return low < 0 ? new Run(0, 0, 1) : _runs[low];
    }

    private readonly record struct Run(int Bytes, int Chars, int Width);
}
