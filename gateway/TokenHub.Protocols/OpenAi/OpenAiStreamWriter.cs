using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// Writes an answer as the chunks of a Chat stream: one with the role, one for each piece, one with the reason to end,
/// and the usage only for a client that asked for it.
/// </summary>
internal sealed class OpenAiStreamWriter : AnswerEncoder
{
    private readonly ArrayBufferWriter<byte> _head = new(256);
    private readonly ArrayBufferWriter<byte> _scratch = new(256);
    private readonly List<Choice> _choices = [];
    private readonly CallNames _names = new();
    private int _count;

    private protected override void OnBegin()
    {
        _count = 0;
        _names.Begin(Context.ToolBook);
        _head.ResetWrittenCount();
        _head.Write("data: {\"id\":"u8);
        JsonText.Write(_head, Context.IdOf("chatcmpl-"));
        _head.Write(",\"object\":\"chat.completion.chunk\",\"created\":"u8);
        _head.WriteNumber(Context.CreatedSeconds);
        _head.Write(",\"model\":"u8);
        JsonText.Write(_head, Context.Model);
        _head.Write(",\"choices\":["u8);
    }

    public override void Take(in ChatEvent e)
    {
        var choice = Find(e.Choice);
        switch (e.Kind)
        {
            case ChatEventKind.Text:
                WriteText(e);
                break;
            case ChatEventKind.Arguments:
                TakeArguments(choice, e);
                break;
            case ChatEventKind.Reasoning:
                WriteDelta(e.Choice, "{\"reasoning_content\":\""u8, e.Text, "\"}"u8);
                break;
            case ChatEventKind.Refusal:
                WriteDelta(e.Choice, "{\"refusal\":\""u8, e.Text, "\"}"u8);
                break;
            case ChatEventKind.Call:
                BeginCall(choice, e);
                break;
            case ChatEventKind.CallEnd:
                EndCall(choice, e.Call);
                break;
            case ChatEventKind.Image:
                WriteImage(e);
                break;
            case ChatEventKind.Citation:
                WriteCitation(e);
                break;
            case ChatEventKind.Stop:
                choice.Stop = e.Stop;
                WriteExplanation(e);
                break;
        }
    }

    public override void Finish(in TokenUsage usage)
    {
        if (_count == 0)
        {
            Find(0);
        }

        for (var i = 0; i < _count; i++)
        {
            var choice = _choices[i];
            WriteFinish(choice.Index, OpenAiFinish.Write(choice.Stop, choice.Calls > 0), default);
        }

        WriteEnd(usage);
    }

    public override void FinishForFunds(in TokenUsage usage)
    {
        if (_count == 0)
        {
            Find(0);
        }

        for (var i = 0; i < _count; i++)
        {
            WriteFinish(_choices[i].Index, "length"u8, FundsNote.Member);
        }

        WriteEnd(usage);
    }

    public override void Fail(in ApiError fault) => ErrorBody.WriteStreamEvent(Dialect.Chat, Output, fault);

    // The first that is heard of a choice is who speaks.
    private Choice Find(int index)
    {
        for (var i = 0; i < _count; i++)
        {
            if (_choices[i].Index == index)
            {
                return _choices[i];
            }
        }

        if (_count == _choices.Count)
        {
            _choices.Add(new Choice());
        }

        var choice = _choices[_count++];
        (choice.Index, choice.Calls, choice.Stop) = (index, 0, StopReason.None);
        WriteDelta(index, "{\"role\":\"assistant\",\"content\":\""u8, default, "\"}"u8);
        return choice;
    }

    private void BeginCall(Choice choice, in ChatEvent e)
    {
        // Clients number the calls of each choice from 0; the event numbers those of the answer.
        var call = _names.Add(e, choice.Calls++);
        if (call.IsFreeForm)
        {
            return;
        }

        BeginCallDelta(choice.Index, call.Number);
        Output.Write(",\"id\":\""u8);
        Output.Write(e.Id);
        Output.Write("\",\"type\":\"function\",\"function\":{\"name\":\""u8);
        Output.Write(call.Name);
        Output.Write("\",\"arguments\":\"\"}}]}"u8);
        EndChunk();
    }

    private void TakeArguments(Choice choice, in ChatEvent e)
    {
        if (e.Text.IsEmpty || _names.Find(e.Call) is not { } call)
        {
            return;
        }

        call.HasArguments = true;
        if (call.IsFreeForm)
        {
            call.Input.Write(e.Text);
            return;
        }

        WriteArguments(choice.Index, call.Number, e.Text);
    }

    private void EndCall(Choice choice, int number)
    {
        if (_names.Find(number) is not { } call)
        {
            return;
        }

        if (call.IsFreeForm)
        {
            BeginCallDelta(choice.Index, call.Number);
            Output.Write(",\"id\":\""u8);
            Output.Write(call.Id.WrittenSpan);
            Output.Write("\",\"type\":\"custom\",\"custom\":{\"name\":\""u8);
            Output.Write(call.Name);
            Output.Write("\",\"input\":\""u8);
            Output.Write(FreeForm.Unwrap(call.Input.WrittenSpan, _scratch));
            Output.Write("\"}}]}"u8);
            EndChunk();
        }
        else if (!call.HasArguments)
        {
            WriteArguments(choice.Index, call.Number, "{}"u8);
        }
    }

    private void WriteArguments(int choice, int call, ReadOnlySpan<byte> text)
    {
        BeginCallDelta(choice, call);
        Output.Write(",\"function\":{\"arguments\":\""u8);
        Output.Write(text);
        Output.Write("\"}}]}"u8);
        EndChunk();
    }

    private void BeginCallDelta(int choice, int call)
    {
        BeginChunk(choice);
        Output.Write("{\"tool_calls\":[{\"index\":"u8);
        Output.WriteNumber(call);
    }

    private void WriteImage(in ChatEvent e)
    {
        BeginChunk(e.Choice);
        Output.Write("{\"images\":["u8);
        OpenAiParts.WriteImage(Output, e);
        Output.Write("]}"u8);
        EndChunk();
    }

    private void WriteCitation(in ChatEvent e)
    {
        BeginChunk(e.Choice);
        Output.Write("{\"annotations\":["u8);
        OpenAiParts.WriteCitation(Output, e);
        Output.Write("]}"u8);
        EndChunk();
    }

    // What is told of a refusal is all that this client gets to read of it.
    private void WriteExplanation(in ChatEvent e)
    {
        if (e.Stop == StopReason.Filtered && !e.Text.IsEmpty)
        {
            WriteDelta(e.Choice, "{\"refusal\":\""u8, e.Text, "\"}"u8);
        }
    }

    private void WriteText(in ChatEvent e)
    {
        if (e.Chances.IsEmpty)
        {
            WriteDelta(e.Choice, "{\"content\":\""u8, e.Text, "\"}"u8);
            return;
        }

        BeginChunk(e.Choice);
        Output.Write("{\"content\":\""u8);
        Output.Write(e.Text);
        Output.Write("\"},\"logprobs\":{\"content\":["u8);
        Output.Write(e.Chances);
        Output.Write("],\"refusal\":null}"u8);
        EndChunk();
    }

    private void WriteDelta(
        int choice, ReadOnlySpan<byte> before, ReadOnlySpan<byte> text, ReadOnlySpan<byte> behind)
    {
        BeginChunk(choice);
        Output.Write(before);
        Output.Write(text);
        Output.Write(behind);
        EndChunk();
    }

    private void BeginChunk(int choice)
    {
        Output.Write(_head.WrittenSpan);
        Output.Write("{\"index\":"u8);
        Output.WriteNumber(choice);
        Output.Write(",\"delta\":"u8);
    }

    private void EndChunk() => Output.Write(Context.IncludeUsage
        ? ",\"finish_reason\":null}],\"usage\":null}\n\n"u8
        : ",\"finish_reason\":null}]}\n\n"u8);

    private void WriteFinish(int choice, ReadOnlySpan<byte> finish, ReadOnlySpan<byte> note)
    {
        BeginChunk(choice);
        Output.Write("{},\"finish_reason\":\""u8);
        Output.Write(finish);
        Output.Write(Context.IncludeUsage ? "\"}],\"usage\":null"u8 : "\"}]"u8);
        Output.Write(note);
        Output.Write("}\n\n"u8);
    }

    private void WriteEnd(in TokenUsage usage)
    {
        if (Context.IncludeUsage)
        {
            Output.Write(_head.WrittenSpan);
            Output.Write("],\"usage\":"u8);
            UsageWriter.Write(Output, usage);
            Output.Write("}\n\n"u8);
        }

        Output.Write("data: [DONE]\n\n"u8);
    }

    private sealed class Choice
    {
        public int Index { get; set; }
        public int Calls { get; set; }
        public StopReason Stop { get; set; }
    }
}
