using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs.Answers;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>What is kept of a candidate until it can be written.</summary>
internal sealed class CandidateDraft
{
    public StopReason Stop { get; set; }

    public ArrayBufferWriter<byte> StopText { get; } = new(64);

    /// <summary>A signature on its way to the next part that has a slot.</summary>
    public byte[]? Carrier { get; set; }

    public bool HasRefusal { get; set; }

    /// <summary>A call came whose arguments are no object: it cannot be written.</summary>
    public bool IsBroken { get; set; }

    /// <summary>Elements of an array, with commas between.</summary>
    public ArrayBufferWriter<byte> Sources { get; } = new(64);

    /// <summary>What the sources are of, likewise.</summary>
    public ArrayBufferWriter<byte> Supports { get; } = new(64);

    public int SourceCount { get; private set; }

    public TextPlaces Places { get; } = new();

    /// <summary>How likely tokens were that have not been told of yet (see <see cref="TokenChances"/>).</summary>
    public ArrayBufferWriter<byte> Chances { get; } = new(64);

    /// <summary>Parts of an answer in one piece; the last may still be open.</summary>
    public ArrayBufferWriter<byte> Parts { get; } = new(256);

    public OpenPart Open { get; set; }

    public void AddChances(ReadOnlySpan<byte> chances)
    {
        if (!chances.IsEmpty)
        {
            Chances.Write(Chances.WrittenCount > 0 ? ","u8 : default);
            Chances.Write(chances);
        }
    }

    public void AddSource(in ChatEvent e)
    {
        var (from, to) = e.To > 0 ? (Places.ByteAt(e.From), Places.ByteAt(e.To)) : (-1, -1);
        if (from >= 0 && to > from)
        {
            Supports.Write(Supports.WrittenCount > 0 ? ","u8 : default);
            Supports.Write("{\"segment\":{\"startIndex\":"u8);
            Supports.WriteNumber(from);
            Supports.Write(",\"endIndex\":"u8);
            Supports.WriteNumber(to);
            Supports.Write("},\"groundingChunkIndices\":["u8);
            Supports.WriteNumber(SourceCount);
            Supports.Write("]}"u8);
        }

        Sources.Write(SourceCount++ > 0 ? ","u8 : default);
        Sources.Write("{\"web\":{\"uri\":\""u8);
        Sources.Write(e.Id);
        Sources.Write("\",\"title\":\""u8);
        Sources.Write(e.Name);
        Sources.Write("\"}}"u8);
    }

    public byte[]? TakeCarrier()
    {
        var carrier = Carrier;
        Carrier = null;
        return carrier;
    }

    public void Reset()
    {
        (Stop, Carrier, HasRefusal, IsBroken, Open) = (StopReason.None, null, false, false, OpenPart.None);
        StopText.ResetWrittenCount();
        Sources.ResetWrittenCount();
        Parts.ResetWrittenCount();
        Chances.ResetWrittenCount();
        Supports.ResetWrittenCount();
        SourceCount = 0;
        Places.Reset();
    }

    public StopReason Reason => Stop switch
    {
        StopReason.Length or StopReason.ContextLength or StopReason.Filtered => Stop,
        _ when IsBroken => StopReason.BrokenCall,
        _ when HasRefusal => StopReason.Filtered,
        _ => Stop,
    };
}

/// <summary>A text that more may be added to.</summary>
internal enum OpenPart : byte
{
    None,
    Text,
    Thought,
}

/// <summary>A call whose arguments are coming: it is written whole.</summary>
internal sealed class CallDraft(in ChatEvent e, byte[]? carrier)
{
    public int Call { get; } = e.Call;

    public int Choice { get; } = e.Choice;

    public byte[] Id { get; } = e.Id.ToArray();

    public string Name { get; } = Encoding.UTF8.GetString(e.Name);

    public byte[]? Carrier { get; } = carrier;

    public ArrayBufferWriter<byte> Arguments { get; } = new(256);
}
