using System.Buffers;
using System.Text;
using TokenHub.Protocols.Chat;

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

    /// <summary>Parts of an answer in one piece; the last may still be open.</summary>
    public ArrayBufferWriter<byte> Parts { get; } = new(256);

    public OpenPart Open { get; set; }

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
