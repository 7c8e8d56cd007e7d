using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Anthropic.Blocks;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>
/// Writes an answer as a stream of Anthropic Messages. The reason to stop waits for the usage, which both stand in the
/// last event but one.
/// </summary>
internal sealed class AnthropicStreamWriter : AnthropicBlocks
{
    // What stands before and behind the text of a delta; the same for all deltas of a block.
    private readonly ArrayBufferWriter<byte> _head = new(256);
    private int _index;

    private static ReadOnlySpan<byte> Tail => "\"}}\n\n"u8;

    public override void Fail(in ApiError fault) => ErrorBody.WriteStreamEvent(Dialect.Anthropic, Output, fault);

    private protected override void OnBegin()
    {
        base.OnBegin();
        _index = -1;
    }

    private protected override void WriteBegin()
    {
        Output.Write("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\""u8);
        Output.Write(Encoding.UTF8.GetBytes(MessageId));
        Output.Write("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"u8);
        JsonText.Write(Output, Context.Model);
        Output.Write(",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"u8);
        UsageWriter.WriteEstimate(Output, Context.InputEstimate);
        Output.Write("}}\n\n"u8);
    }

    private protected override void OpenText() =>
        OpenBlock("{\"type\":\"text\",\"text\":\"\"}"u8, "text_delta\",\"text"u8);

    private protected override void OpenThinking() =>
        OpenBlock("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"u8, "thinking_delta\",\"thinking"u8);

    private protected override void OpenCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        BeginBlock();
        Output.Write("{\"type\":\"tool_use\",\"id\":\""u8);
        Output.Write(id);
        Output.Write("\",\"name\":\""u8);
        Output.Write(name);
        Output.Write("\",\"input\":{}}}\n\n"u8);
        SetHead("input_json_delta\",\"partial_json"u8);
    }

    private protected override void WriteText(ReadOnlySpan<byte> text) => WriteDelta(text);

    private protected override void WriteThinking(ReadOnlySpan<byte> text) => WriteDelta(text);

    private protected override void WriteArguments(ReadOnlySpan<byte> json) => WriteDelta(json);

    private protected override void WriteSignature(ReadOnlySpan<byte> signature)
    {
        SetHead("signature_delta\",\"signature"u8);
        WriteDelta(signature);
    }

    private protected override void WriteSource(ReadOnlySpan<byte> address, ReadOnlySpan<byte> title)
    {
        Output.Write("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"u8);
        Output.WriteNumber(_index);
        Output.Write(",\"delta\":{\"type\":\"citations_delta\",\"citation\":"u8);
        SourceWriter.Write(Output, address, title);
        Output.Write("}}\n\n"u8);
    }

    private protected override void WriteRedacted(ReadOnlySpan<byte> data)
    {
        BeginBlock();
        Output.Write("{\"type\":\"redacted_thinking\",\"data\":\""u8);
        Output.Write(data);
        Output.Write(Tail);
        CloseBlock(BlockKind.None);
    }

    private protected override void CloseBlock(BlockKind kind)
    {
        Output.Write("event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":"u8);
        Output.WriteNumber(_index);
        Output.Write("}\n\n"u8);
    }

    private protected override void End(
        StopReason reason, ReadOnlySpan<byte> text, in TokenUsage usage, bool isForFunds)
    {
        Output.Write("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"u8);
        WriteStop(reason, text, hasDetails: false);
        Output.Write("},"u8);
        UsageWriter.Write(Output, usage);
        if (isForFunds)
        {
            FundsNote.WriteMember(Output);
        }

        Output.Write("}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
    }

    private void OpenBlock(ReadOnlySpan<byte> block, ReadOnlySpan<byte> delta)
    {
        BeginBlock();
        Output.Write(block);
        Output.Write("}\n\n"u8);
        SetHead(delta);
    }

    private void BeginBlock()
    {
        _index++;
        Output.Write("event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":"u8);
        Output.WriteNumber(_index);
        Output.Write(",\"content_block\":"u8);
    }

    private void SetHead(ReadOnlySpan<byte> delta)
    {
        _head.ResetWrittenCount();
        _head.Write("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":"u8);
        _head.WriteNumber(_index);
        _head.Write(",\"delta\":{\"type\":\""u8);
        _head.Write(delta);
        _head.Write("\":\""u8);
    }

    private void WriteDelta(ReadOnlySpan<byte> text)
    {
        Output.Write(_head.WrittenSpan);
        Output.Write(text);
        Output.Write(Tail);
    }
}
