using System.Buffers.Text;

namespace TokenHub.MockUpstream.Script;

/// <summary>
/// Deterministic text: the same seed and index give the same bytes on both sides of whatever stands between. Each chunk
/// begins with seed and index, so that a lost or reordered one can be named; the rest is plain English, because a
/// gateway that counts tokens pays for what the text looks like.
/// </summary>
public static class ScriptText
{
    /// <summary>The longest "seed.index " in front of the text.</summary>
    public const int PrefixBytesMax = 32;

    private static ReadOnlySpan<byte> Prose =>
        "the river runs past the old mill and under the stone bridge where children used to fish on summer evenings "u8;

    /// <summary>
    /// Writes one chunk's text, <paramref name="length"/> bytes or a little more, and returns how many.
    /// </summary>
    public static int Write(Span<byte> to, ulong seed, int index, int length)
    {
        Utf8Formatter.TryFormat(seed, to, out var written);
        to[written++] = (byte)'.';
        Utf8Formatter.TryFormat(index, to[written..], out var digits);
        written += digits;
        to[written++] = (byte)' ';
        var prose = Prose;
        var from = (int)((seed * 31 + (uint)index * 7) % (ulong)prose.Length);
        while (written < length)
        {
            var count = Math.Min(length - written, prose.Length - from);
            prose.Slice(from, count).CopyTo(to[written..]);
            written += count;
            from = 0;
        }

        return written;
    }
}
