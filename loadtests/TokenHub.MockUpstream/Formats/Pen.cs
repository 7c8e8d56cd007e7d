using System.Buffers.Text;

namespace TokenHub.MockUpstream.Formats;

/// <summary>Writes into a span that is known to be large enough.</summary>
public ref struct Pen(Span<byte> to)
{
    private readonly Span<byte> _to = to;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => _to[..Length];

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_to[Length..]);
        Length += bytes.Length;
    }

    public void Add(long number)
    {
        Utf8Formatter.TryFormat(number, _to[Length..], out var written);
        Length += written;
    }

    public void Add(ulong number)
    {
        Utf8Formatter.TryFormat(number, _to[Length..], out var written);
        Length += written;
    }

    public void AddText(MockAnswer answer, int index) => Length += answer.WriteText(_to[Length..], index);

    public void AddWholeText(MockAnswer answer)
    {
        for (var i = 0; i < answer.Script.Chunks; i++)
        {
            AddText(answer, i);
        }
    }

    /// <summary>
    /// A send time in nanoseconds, in the field that OpenAI fills with random padding: always of one length.
    /// </summary>
    public void AddStamp(MockAnswer answer, long stampNs)
    {
        if (answer.Script.IsStamped)
        {
            Add(Stamps.Field);
            var format = new System.Buffers.StandardFormat('D', Stamps.Digits);
        Utf8Formatter.TryFormat(stampNs, _to[Length..], out _, format);
            Length += Stamps.Digits;
            Add("\""u8);
        }
    }

    /// <summary>Changes one byte in the middle of what was written.</summary>
    public readonly void Spoil() => _to[Length / 2] ^= 1;
}
