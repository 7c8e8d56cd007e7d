using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace TokenHub.Protocols.Streams;

/// <summary>A short text gathered from parts; what does not fit is left out.</summary>
internal struct ShortText
{
    public const int BytesMax = 64;

    private Bytes _bytes;
    private int _length;

    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Span
    {
        get
        {
            ReadOnlySpan<byte> all = _bytes;
            return all[.._length];
        }
    }

    public readonly bool IsEmpty => _length == 0;

    public void Clear() => _length = 0;

    public void Append(ReadOnlySpan<byte> part)
    {
        Span<byte> all = _bytes;
        var room = Math.Min(part.Length, BytesMax - _length);
        part[..room].CopyTo(all[_length..]);
        _length += room;
    }

    public override readonly string ToString() => Encoding.UTF8.GetString(Span);

    [InlineArray(BytesMax)]
    private struct Bytes
    {
        private byte _first;
    }
}
