using System.Buffers;
using System.Text;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses;

/// <summary>What an item of the output is.</summary>
internal enum OutputKind : byte
{
    Message,
    Reasoning,
    Call,
    Image,
}

/// <summary>
/// An item of a Response being written. The last event repeats every item, so its texts are kept until then: as the
/// insides of JSON strings, as they came.
/// </summary>
internal sealed class OutputItem
{
    /// <summary>Room for a text that is kept when the answer is over.</summary>
    private const int KeptBytesMax = 64 << 10;

    private readonly ArrayBufferWriter<byte> _place = new(128);

    public OutputKind Kind { get; private set; }

    public int Index { get; private set; }

    public string Id { get; private set; } = "";

    public byte[] IdUtf8 { get; private set; } = [];

    /// <summary>Where each of its events says it belongs: <c>,"item_id":...,"output_index":...</c>.</summary>
    public ReadOnlySpan<byte> Place => _place.WrittenSpan;

    public bool IsOpen { get; set; }

    /// <summary>The limit cut it.</summary>
    public bool IsCut { get; set; }

    /// <summary>A message's text has been announced.</summary>
    public bool HasTextPart { get; set; }

    /// <summary>A message's refusal has been announced.</summary>
    public bool HasRefusalPart { get; set; }

    /// <summary>Of a call: its name and id.</summary>
    public NamedCall? Call { get; set; }

    /// <summary>Of a reasoning item: what its issuer wants back.</summary>
    public string? Opaque { get; set; }

    /// <summary>Text, a thought, arguments or a picture.</summary>
    public ArrayBufferWriter<byte> Text { get; private set; } = new();

    public ArrayBufferWriter<byte> Refusal { get; private set; } = new();

    /// <summary>A message's annotations with commas between.</summary>
    public ArrayBufferWriter<byte> Notes { get; private set; } = new();

    /// <summary>How likely the tokens of a message's text were, with commas between.</summary>
    public ArrayBufferWriter<byte> Chances { get; private set; } = new();

    public void Begin(OutputKind kind, int index, string id)
    {
        (Kind, Index, Id, IdUtf8) = (kind, index, id, Encoding.UTF8.GetBytes(id));
        _place.ResetWrittenCount();
        _place.Write(",\"item_id\":\""u8);
        _place.Write(IdUtf8);
        _place.Write("\",\"output_index\":"u8);
        _place.WriteNumber(index);
        (IsOpen, IsCut, HasTextPart, HasRefusalPart, Call, Opaque) = (true, false, false, false, null, null);
        Text = Forget(Text);
        Refusal = Forget(Refusal);
        Notes = Forget(Notes);
        Chances = Forget(Chances);
    }

    /// <summary>The input of a free-form call once it is whole.</summary>
    public void Unwrap(ArrayBufferWriter<byte> scratch)
    {
        var input = FreeForm.Unwrap(Text.WrittenSpan, scratch);
        if (input != Text.WrittenSpan)
        {
            Text.ResetWrittenCount();
            Text.Write(input);
        }
    }

    /// <summary>The item as it stands in the output, or, while it is open, as it begins.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        output.Write("{\"id\":\""u8);
        output.Write(IdUtf8);
        switch (Kind)
        {
            case OutputKind.Message:
                WriteMessage(output);
                break;
            case OutputKind.Reasoning:
                WriteReasoning(output);
                break;
            case OutputKind.Call:
                WriteCall(output);
                break;
            default:
                output.Write("\",\"type\":\"image_generation_call\""u8);
                WriteStatus(output);
                output.Write(",\"result\":\""u8);
                output.Write(Text.WrittenSpan);
                output.Write("\"}"u8);
                break;
        }
    }

    /// <summary>A message's part of text.</summary>
    public void WriteTextPart(IBufferWriter<byte> output)
    {
        output.Write("{\"type\":\"output_text\",\"text\":\""u8);
        output.Write(Text.WrittenSpan);
        output.Write("\",\"annotations\":["u8);
        output.Write(Notes.WrittenSpan);
        output.Write("],\"logprobs\":["u8);
        output.Write(Chances.WrittenSpan);
        output.Write("]}"u8);
    }

    public void WriteRefusalPart(IBufferWriter<byte> output)
    {
        output.Write("{\"type\":\"refusal\",\"refusal\":\""u8);
        output.Write(Refusal.WrittenSpan);
        output.Write("\"}"u8);
    }

    /// <summary>A reasoning item's part.</summary>
    public void WriteSummaryPart(IBufferWriter<byte> output)
    {
        output.Write("{\"type\":\"summary_text\",\"text\":\""u8);
        output.Write(Text.WrittenSpan);
        output.Write("\"}"u8);
    }

    private void WriteMessage(IBufferWriter<byte> output)
    {
        output.Write("\",\"type\":\"message\""u8);
        WriteStatus(output);
        output.Write(",\"role\":\"assistant\",\"content\":["u8);
        if (HasTextPart)
        {
            WriteTextPart(output);
        }

        if (HasRefusalPart)
        {
            output.Write(HasTextPart ? ","u8 : default);
            WriteRefusalPart(output);
        }

        output.Write("]}"u8);
    }

    private void WriteReasoning(IBufferWriter<byte> output)
    {
        output.Write("\",\"type\":\"reasoning\",\"summary\":["u8);
        if (HasTextPart)
        {
            WriteSummaryPart(output);
        }

        output.Write("]"u8);
        if (Opaque is { } opaque)
        {
            output.Write(",\"encrypted_content\":"u8);
            JsonText.Write(output, opaque);
        }

        output.Write("}"u8);
    }

    private void WriteCall(IBufferWriter<byte> output)
    {
        var isFreeForm = Call!.IsFreeForm;
        output.Write(isFreeForm ? "\",\"type\":\"custom_tool_call\""u8 : "\",\"type\":\"function_call\""u8);
        WriteStatus(output);
        output.Write(",\"call_id\":\""u8);
        output.Write(Call.Id.WrittenSpan);
        output.Write("\",\"name\":\""u8);
        output.Write(Call.Name);
        if (Call.Namespace is { } space)
        {
            output.Write("\",\"namespace\":"u8);
            JsonText.Write(output, space);
            output.Write(isFreeForm ? ",\"input\":\""u8 : ",\"arguments\":\""u8);
        }
        else
        {
            output.Write(isFreeForm ? "\",\"input\":\""u8 : "\",\"arguments\":\""u8);
        }

        output.Write(Text.WrittenSpan);
        output.Write("\"}"u8);
    }

    private void WriteStatus(IBufferWriter<byte> output) => output.Write(
        IsOpen ? ",\"status\":\"in_progress\""u8
        : IsCut ? ",\"status\":\"incomplete\""u8 : ",\"status\":\"completed\""u8);

    private static ArrayBufferWriter<byte> Forget(ArrayBufferWriter<byte> text)
    {
        text = text.Capacity > KeptBytesMax ? new ArrayBufferWriter<byte>() : text;
        text.ResetWrittenCount();
        return text;
    }
}
