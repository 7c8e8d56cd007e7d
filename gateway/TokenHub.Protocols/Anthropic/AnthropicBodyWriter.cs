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

/// <summary>Writes an answer of Anthropic Messages in one piece: all of it is kept until the end.</summary>
internal sealed class AnthropicBodyWriter : AnthropicBlocks
{
    private readonly ArrayBufferWriter<byte> _content = new(1 << 10);
    private readonly ArrayBufferWriter<byte> _arguments = new(256);
    private readonly ArrayBufferWriter<byte> _sources = new(256);
    private readonly ArrayBufferWriter<byte> _plain = new(256);
    private bool _isSigned;

    public override void Fail(in ApiError fault) => ErrorBody.Write(Dialect.Anthropic, Output, fault);

    private protected override void OnBegin()
    {
        base.OnBegin();
        _content.ResetWrittenCount();
    }

    private protected override void WriteBegin()
    {
    }

    private protected override void OpenText()
    {
        _sources.ResetWrittenCount();
        BeginBlock("{\"type\":\"text\",\"text\":\""u8);
    }

    private protected override void OpenThinking()
    {
        _isSigned = false;
        BeginBlock("{\"type\":\"thinking\",\"thinking\":\""u8);
    }

    private protected override void OpenCall(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        _arguments.ResetWrittenCount();
        BeginBlock("{\"type\":\"tool_use\",\"id\":\""u8);
        _content.Write(id);
        _content.Write("\",\"name\":\""u8);
        _content.Write(name);
        _content.Write("\",\"input\":"u8);
    }

    private protected override void WriteText(ReadOnlySpan<byte> text) => _content.Write(text);

    private protected override void WriteThinking(ReadOnlySpan<byte> text) => _content.Write(text);

    private protected override void WriteArguments(ReadOnlySpan<byte> json) => _arguments.Write(json);

    private protected override void WriteSource(ReadOnlySpan<byte> address, ReadOnlySpan<byte> title)
    {
        _sources.Write(_sources.WrittenCount > 0 ? ","u8 : default);
        SourceWriter.Write(_sources, address, title);
    }

    private protected override void WriteSignature(ReadOnlySpan<byte> signature)
    {
        _isSigned = true;
        _content.Write("\",\"signature\":\""u8);
        _content.Write(signature);
    }

    private protected override void WriteRedacted(ReadOnlySpan<byte> data)
    {
        BeginBlock("{\"type\":\"redacted_thinking\",\"data\":\""u8);
        _content.Write(data);
        _content.Write("\"}"u8);
    }

    private protected override void CloseBlock(BlockKind kind)
    {
        if (kind == BlockKind.Call)
        {
            WriteInput();
            return;
        }

        _content.Write("\""u8);
        if (kind == BlockKind.Thinking && !_isSigned)
        {
            _content.Write(",\"signature\":\"\""u8);
        }
        else if (kind == BlockKind.Text && _sources.WrittenCount > 0)
        {
            _content.Write(",\"citations\":["u8);
            _content.Write(_sources.WrittenSpan);
            _content.Write("]"u8);
        }

        _content.Write("}"u8);
    }

    private protected override void End(
        StopReason reason, ReadOnlySpan<byte> text, in TokenUsage usage, bool isForFunds)
    {
        Output.Write("{\"id\":\""u8);
        Output.Write(Encoding.UTF8.GetBytes(MessageId));
        Output.Write("\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"u8);
        JsonText.Write(Output, Context.Model);
        Output.Write(",\"content\":["u8);
        Output.Write(_content.WrittenSpan);
        Output.Write("],"u8);
        WriteStop(reason, text, hasDetails: true);
        Output.Write(","u8);
        UsageWriter.Write(Output, usage);
        if (isForFunds)
        {
            FundsNote.WriteMember(Output);
        }

        Output.Write("}"u8);
    }

    private void BeginBlock(ReadOnlySpan<byte> head)
    {
        _content.Write(_content.WrittenCount > 0 ? ","u8 : default);
        _content.Write(head);
    }

    // Arguments that break off, or are none, have no form here: the call stands without them.
    private void WriteInput()
    {
        _plain.ResetWrittenCount();
        JsonText.WriteUnescaped(_plain, _arguments.WrittenSpan);
        var isObject = JsonRaw.TryCopyObject(_plain.WrittenSpan, _arguments);
        _content.Write(isObject ? _arguments.WrittenSpan : "{}"u8);
        _content.Write("}"u8);
    }
}
