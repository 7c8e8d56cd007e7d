using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Gemini.Parts;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Writes an answer as a stream of Gemini: each event has its own part, the last one the end and the usage. No event
/// lines and no comments, which Google's client takes for broken JSON; without <c>alt=sse</c> one array of the same.
/// </summary>
internal sealed class GeminiStreamWriter : GeminiParts
{
    // What stands behind the candidates in every event.
    private readonly ArrayBufferWriter<byte> _tail = new(128);
    private bool _hasPassed;

    private static ReadOnlySpan<byte> Head => "{\"candidates\":[{\"content\":{\"parts\":["u8;

    public override void Fail(in ApiError fault)
    {
        if (!Context.IsArray)
        {
            ErrorBody.WriteStreamEvent(Dialect.Gemini, Output, fault);
            return;
        }

        BeginEvent();
        ErrorBody.Write(Dialect.Gemini, Output, fault);
        Output.Write("\r\n]"u8);
    }

    private protected override void OnBegin()
    {
        base.OnBegin();
        _hasPassed = false;
        _tail.ResetWrittenCount();
        _tail.Write("\"modelVersion\":"u8);
        JsonText.Write(_tail, Context.Model);
        _tail.Write(",\"responseId\":"u8);
        JsonText.Write(_tail, Context.RequestId);
    }

    private protected override void WriteText(
        int choice, ReadOnlySpan<byte> text, bool isThought, ReadOnlySpan<byte> carrier)
    {
        BeginEvent();
        Output.Write(Head);
        WriteTextPart(text, isThought, carrier);
        EndPart(choice);
    }

    private protected override void EndText(int choice)
    {
    }

    private protected override void WritePart(int choice, ReadOnlySpan<byte> part)
    {
        BeginEvent();
        Output.Write(Head);
        Output.Write(part);
        EndPart(choice);
    }

    private protected override void End(in TokenUsage usage, bool isForFunds)
    {
        BeginEvent();
        Output.Write("{\"candidates\":["u8);
        CandidateOf(0);
        for (var i = 0; i < Count; i++)
        {
            Output.Write(i > 0 ? ",{\"content\":{\"parts\":["u8 : "{\"content\":{\"parts\":["u8);
            WriteTextPart(default, isThought: false, this[i].TakeCarrier());
            Output.Write("],\"role\":\"model\"},"u8);
            WriteFinish(i, isForFunds);
            Output.Write("}"u8);
        }

        Output.Write("],"u8);
        UsageWriter.Write(Output, usage);
        Output.Write(","u8);
        Output.Write(_tail.WrittenSpan);
        if (isForFunds)
        {
            FundsNote.WriteMember(Output);
        }

        Output.Write(Context.IsArray ? "}\r\n]"u8 : "}\n\n"u8);
    }

    private void WriteTextPart(ReadOnlySpan<byte> text, bool isThought, ReadOnlySpan<byte> carrier)
    {
        if (!carrier.IsEmpty)
        {
            Output.Write("{\"thoughtSignature\":\""u8);
            Output.Write(carrier);
            Output.Write("\",\"text\":\""u8);
        }
        else
        {
            Output.Write("{\"text\":\""u8);
        }

        Output.Write(text);
        Output.Write(isThought ? "\",\"thought\":true}"u8 : "\"}"u8);
    }

    private void BeginEvent()
    {
        Output.Write(!Context.IsArray ? "data: "u8 : _hasPassed ? ",\r\n"u8 : "["u8);
        _hasPassed = true;
    }

    private void EndPart(int choice)
    {
        Output.Write("],\"role\":\"model\"},\"index\":"u8);
        Output.WriteNumber(choice);
        WriteChances(choice);
        Output.Write("}],"u8);
        Output.Write(_tail.WrittenSpan);
        Output.Write(Context.IsArray ? "}"u8 : "}\n\n"u8);
    }
}
