using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// Writes an answer as the events of a Responses stream, each numbered and under its name, the last with the whole
/// Response.
/// </summary>
internal sealed class ResponsesStreamWriter : ResponsesEncoder
{
    private long _sequence;
    private bool _isBegun;

    private protected override void OnBegin()
    {
        base.OnBegin();
        (_sequence, _isBegun) = (0, false);
    }

    public override void Take(in ChatEvent e)
    {
        OnStart();
        base.Take(e);
    }

    public override void Finish(in TokenUsage usage)
    {
        OnStart();
        CloseAll(isCut: StopReason is StopReason.Length or StopReason.ContextLength);
        WriteLast(isForFunds: false, usage);
    }

    public override void FinishForFunds(in TokenUsage usage)
    {
        OnStart();
        CloseAll(isCut: true);
        WriteLast(isForFunds: true, usage);
    }

    public override void Fail(in ApiError fault) =>
        ErrorBody.WriteStreamEvent(Dialect.Responses, Output, fault, answerId: AnswerId, sequence: _sequence);

    private protected override void OnStart()
    {
        if (!_isBegun)
        {
            _isBegun = true;
            WriteBeginning("response.created"u8);
            WriteBeginning("response.in_progress"u8);
        }
    }

    private protected override void OnOpened(OutputItem item)
    {
        BeginEvent("response.output_item.added"u8);
        WriteIndex(item);
        Output.Write(",\"item\":"u8);
        item.Write(Output);
        EndEvent();
    }

    private protected override void OnPart(OutputItem item, ChatEventKind kind)
    {
        if (kind == ChatEventKind.Reasoning)
        {
            BeginItemEvent("response.reasoning_summary_part.added"u8, item);
            Output.Write(",\"summary_index\":0,\"part\":"u8);
            item.WriteSummaryPart(Output);
        }
        else
        {
            BeginItemEvent("response.content_part.added"u8, item);
            WriteContentIndex(item, kind);
            Output.Write(",\"part\":"u8);
            WritePart(item, kind);
        }

        EndEvent();
    }

    private protected override void OnMore(
        OutputItem item, ChatEventKind kind, ReadOnlySpan<byte> text, ReadOnlySpan<byte> chances = default)
    {
        switch (kind)
        {
            case ChatEventKind.Text:
                BeginItemEvent("response.output_text.delta"u8, item);
                Output.Write(",\"content_index\":0,\"delta\":\""u8);
                Output.Write(text);
                WriteChances(chances);
                return;
            case ChatEventKind.Refusal:
                BeginItemEvent("response.refusal.delta"u8, item);
                WriteContentIndex(item, kind);
                Output.Write(",\"delta\":\""u8);
                break;
            case ChatEventKind.Reasoning:
                BeginItemEvent("response.reasoning_summary_text.delta"u8, item);
                Output.Write(",\"summary_index\":0,\"delta\":\""u8);
                break;
            default:
                BeginItemEvent(
                    item.Call!.IsFreeForm
                        ? "response.custom_tool_call_input.delta"u8 : "response.function_call_arguments.delta"u8,
                    item);
                Output.Write(",\"delta\":\""u8);
                break;
        }

        Output.Write(text);
        Output.Write("\"}\n\n"u8);
    }

    private protected override void OnNote(OutputItem item, ReadOnlySpan<byte> note)
    {
        BeginItemEvent("response.output_text.annotation.added"u8, item);
        Output.Write(",\"content_index\":0,\"annotation_index\":"u8);
        Output.WriteNumber(item.Notes.WrittenSpan.Count("\"url_citation\""u8));
        Output.Write(",\"annotation\":"u8);
        Output.Write(note);
        EndEvent();
    }

    private protected override void OnClosed(OutputItem item)
    {
        switch (item.Kind)
        {
            case OutputKind.Message:
                CloseParts(item);
                break;
            case OutputKind.Reasoning when item.HasTextPart:
                CloseSummary(item);
                break;
            case OutputKind.Call:
                CloseCall(item);
                break;
        }

        BeginEvent("response.output_item.done"u8);
        WriteIndex(item);
        Output.Write(",\"item\":"u8);
        item.Write(Output);
        EndEvent();
    }

    private void CloseParts(OutputItem item)
    {
        if (item.HasTextPart)
        {
            BeginItemEvent("response.output_text.done"u8, item);
            Output.Write(",\"content_index\":0,\"text\":\""u8);
            Output.Write(item.Text.WrittenSpan);
            WriteChances(item.Chances.WrittenSpan);
            ClosePart(item, ChatEventKind.Text);
        }

        if (item.HasRefusalPart)
        {
            BeginItemEvent("response.refusal.done"u8, item);
            WriteContentIndex(item, ChatEventKind.Refusal);
            Output.Write(",\"refusal\":\""u8);
            Output.Write(item.Refusal.WrittenSpan);
            Output.Write("\"}\n\n"u8);
            ClosePart(item, ChatEventKind.Refusal);
        }
    }

    private void WriteChances(ReadOnlySpan<byte> chances)
    {
        Output.Write("\",\"logprobs\":["u8);
        Output.Write(chances);
        Output.Write("]}\n\n"u8);
    }

    private void ClosePart(OutputItem item, ChatEventKind kind)
    {
        BeginItemEvent("response.content_part.done"u8, item);
        WriteContentIndex(item, kind);
        Output.Write(",\"part\":"u8);
        WritePart(item, kind);
        EndEvent();
    }

    private void CloseSummary(OutputItem item)
    {
        BeginItemEvent("response.reasoning_summary_text.done"u8, item);
        Output.Write(",\"summary_index\":0,\"text\":\""u8);
        Output.Write(item.Text.WrittenSpan);
        Output.Write("\"}\n\n"u8);
        BeginItemEvent("response.reasoning_summary_part.done"u8, item);
        Output.Write(",\"summary_index\":0,\"part\":"u8);
        item.WriteSummaryPart(Output);
        EndEvent();
    }

    private void CloseCall(OutputItem item)
    {
        if (item.Call!.IsFreeForm)
        {
            BeginItemEvent("response.custom_tool_call_input.done"u8, item);
            Output.Write(",\"input\":\""u8);
        }
        else
        {
            BeginItemEvent("response.function_call_arguments.done"u8, item);
            Output.Write(",\"name\":\""u8);
            Output.Write(item.Call.Name);
            Output.Write("\",\"arguments\":\""u8);
        }

        Output.Write(item.Text.WrittenSpan);
        Output.Write("\"}\n\n"u8);
    }

    private void WriteBeginning(ReadOnlySpan<byte> type)
    {
        BeginEvent(type);
        Output.Write(",\"response\":"u8);
        WriteResponse("in_progress"u8, default, default, hasUsage: false, default);
        EndEvent();
    }

    private void WriteLast(bool isForFunds, in TokenUsage usage)
    {
        var (status, error, details) = End(isForFunds);
        BeginEvent(status.Span.SequenceEqual("completed"u8) ? "response.completed"u8
            : status.Span.SequenceEqual("failed"u8) ? "response.failed"u8 : "response.incomplete"u8);
        Output.Write(",\"response\":"u8);
        WriteResponse(status.Span, error.Span, details.Span, hasUsage: true, usage);
        Output.Write(isForFunds ? FundsNote.Member : default);
        EndEvent();
    }

    private void BeginEvent(ReadOnlySpan<byte> type)
    {
        Output.Write("event: "u8);
        Output.Write(type);
        Output.Write("\ndata: {\"type\":\""u8);
        Output.Write(type);
        Output.Write("\",\"sequence_number\":"u8);
        Output.WriteNumber(_sequence++);
    }

    private void BeginItemEvent(ReadOnlySpan<byte> type, OutputItem item)
    {
        BeginEvent(type);
        Output.Write(item.Place);
    }

    private void EndEvent() => Output.Write("}\n\n"u8);

    private void WriteIndex(OutputItem item)
    {
        Output.Write(",\"output_index\":"u8);
        Output.WriteNumber(item.Index);
    }

    // A refusal stands behind the text of its message, where there is any.
    private void WriteContentIndex(OutputItem item, ChatEventKind kind) => Output.Write(
        kind == ChatEventKind.Refusal && item.HasTextPart ? ",\"content_index\":1"u8 : ",\"content_index\":0"u8);

    private void WritePart(OutputItem item, ChatEventKind kind)
    {
        if (kind == ChatEventKind.Refusal)
        {
            item.WriteRefusalPart(Output);
        }
        else
        {
            item.WriteTextPart(Output);
        }
    }
}
