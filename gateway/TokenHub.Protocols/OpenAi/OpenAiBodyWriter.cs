using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Writes an answer as one Chat completion.</summary>
internal sealed class OpenAiBodyWriter : AnswerEncoder
{
    private readonly List<Choice> _choices = [];
    private readonly CallNames _names = new();
    private readonly ArrayBufferWriter<byte> _scratch = new(256);

    private protected override void OnBegin()
    {
        _choices.Clear();
        _names.Begin(Context.ToolBook);
    }

    public override void Take(in ChatEvent e)
    {
        var choice = Find(e.Choice);
        switch (e.Kind)
        {
            case ChatEventKind.Text:
                choice.Content.Write(e.Text);
                if (!e.Chances.IsEmpty)
                {
                    BeginItem(choice.Chances);
                    choice.Chances.Write(e.Chances);
                }

                break;
            case ChatEventKind.Refusal:
                choice.Refusal.Write(e.Text);
                break;
            case ChatEventKind.Reasoning:
                choice.Reasoning.Write(e.Text);
                break;
            case ChatEventKind.Call:
                choice.Calls.Add(_names.Add(e, choice.Calls.Count));
                break;
            case ChatEventKind.Arguments:
                _names.Find(e.Call)?.Input.Write(e.Text);
                break;
            case ChatEventKind.Image:
                BeginItem(choice.Images);
                OpenAiParts.WriteImage(choice.Images, e);
                break;
            case ChatEventKind.Citation:
                BeginItem(choice.Notes);
                OpenAiParts.WriteCitation(choice.Notes, e);
                break;
            case ChatEventKind.Stop:
                choice.Stop = e.Stop;
                choice.Refusal.Write(e.Stop == StopReason.Filtered ? e.Text : default);
                break;
        }
    }

    public override void Finish(in TokenUsage usage) => Write(usage, isForFunds: false);

    public override void FinishForFunds(in TokenUsage usage) => Write(usage, isForFunds: true);

    public override void Fail(in ApiError fault) => ErrorBody.Write(Dialect.Chat, Output, fault);

    private void Write(in TokenUsage usage, bool isForFunds)
    {
        if (_choices.Count == 0)
        {
            Find(0);
        }

        _choices.Sort((a, b) => a.Index.CompareTo(b.Index));
        Output.Write("{\"id\":"u8);
        JsonText.Write(Output, Context.IdOf("chatcmpl-"));
        Output.Write(",\"object\":\"chat.completion\",\"created\":"u8);
        Output.WriteNumber(Context.CreatedSeconds);
        Output.Write(",\"model\":"u8);
        JsonText.Write(Output, Context.Model);
        Output.Write(",\"choices\":["u8);
        for (var i = 0; i < _choices.Count; i++)
        {
            Output.Write(i > 0 ? ","u8 : default);
            WriteChoice(_choices[i], isForFunds);
        }

        Output.Write("],\"usage\":"u8);
        UsageWriter.Write(Output, usage);
        Output.Write(isForFunds ? FundsNote.Member : default);
        Output.Write("}"u8);
    }

    private void WriteChoice(Choice choice, bool isForFunds)
    {
        Output.Write("{\"index\":"u8);
        Output.WriteNumber(choice.Index);
        Output.Write(",\"message\":{\"role\":\"assistant\",\"content\":"u8);
        var isBare = choice.Content.WrittenCount == 0
            && (choice.Calls.Count > 0 || choice.Refusal.WrittenCount > 0);
        WriteText(isBare, choice.Content);
        Output.Write(",\"refusal\":"u8);
        WriteText(choice.Refusal.WrittenCount == 0, choice.Refusal);
        if (choice.Reasoning.WrittenCount > 0)
        {
            Output.Write(",\"reasoning_content\":"u8);
            WriteText(isNull: false, choice.Reasoning);
        }

        WriteList(",\"images\":["u8, choice.Images);
        WriteList(",\"annotations\":["u8, choice.Notes);
        WriteCalls(choice.Calls);
        WriteChances(choice.Chances);
        Output.Write(",\"finish_reason\":\""u8);
        Output.Write(isForFunds ? "length"u8 : OpenAiFinish.Write(choice.Stop, choice.Calls.Count > 0));
        Output.Write("\"}"u8);
    }

    private void WriteCalls(List<NamedCall> calls)
    {
        for (var i = 0; i < calls.Count; i++)
        {
            var call = calls[i];
            var input = call.Input.WrittenSpan;
            Output.Write(i > 0 ? ",{\"id\":\""u8 : ",\"tool_calls\":[{\"id\":\""u8);
            Output.Write(call.Id.WrittenSpan);
            Output.Write(call.IsFreeForm
                ? "\",\"type\":\"custom\",\"custom\":{\"name\":\""u8
                : "\",\"type\":\"function\",\"function\":{\"name\":\""u8);
            Output.Write(call.Name);
            Output.Write(call.IsFreeForm ? "\",\"input\":\""u8 : "\",\"arguments\":\""u8);
            Output.Write(call.IsFreeForm ? FreeForm.Unwrap(input, _scratch) : input.IsEmpty ? "{}"u8 : input);
            Output.Write("\"}}"u8);
        }

        Output.Write(calls.Count > 0 ? "]"u8 : default);
    }

    private void WriteChances(ArrayBufferWriter<byte> chances)
    {
        Output.Write("},\"logprobs\":"u8);
        if (chances.WrittenCount == 0)
        {
            Output.Write("null"u8);
            return;
        }

        Output.Write("{\"content\":["u8);
        Output.Write(chances.WrittenSpan);
        Output.Write("],\"refusal\":null}"u8);
    }

    private void WriteText(bool isNull, ArrayBufferWriter<byte> text)
    {
        if (isNull)
        {
            Output.Write("null"u8);
            return;
        }

        Output.Write("\""u8);
        Output.Write(text.WrittenSpan);
        Output.Write("\""u8);
    }

    private void WriteList(ReadOnlySpan<byte> head, ArrayBufferWriter<byte> items)
    {
        if (items.WrittenCount > 0)
        {
            Output.Write(head);
            Output.Write(items.WrittenSpan);
            Output.Write("]"u8);
        }
    }

    private static void BeginItem(ArrayBufferWriter<byte> items) =>
        items.Write(items.WrittenCount > 0 ? ","u8 : default);

    private Choice Find(int index)
    {
        foreach (var known in _choices)
        {
            if (known.Index == index)
            {
                return known;
            }
        }

        var choice = new Choice { Index = index };
        _choices.Add(choice);
        return choice;
    }

    private sealed class Choice
    {
        public int Index { get; init; }
        public StopReason Stop { get; set; }
        public ArrayBufferWriter<byte> Content { get; } = new();
        public ArrayBufferWriter<byte> Refusal { get; } = new();
        public ArrayBufferWriter<byte> Reasoning { get; } = new();
        public ArrayBufferWriter<byte> Images { get; } = new();
        public ArrayBufferWriter<byte> Notes { get; } = new();
        public ArrayBufferWriter<byte> Chances { get; } = new();
        public List<NamedCall> Calls { get; } = [];
    }
}

/// <summary>Parts of a message that Chat's clients know from OpenRouter and from OpenAI's search.</summary>
internal static class OpenAiParts
{
    public static void WriteImage(IBufferWriter<byte> output, in ChatEvent e)
    {
        output.Write("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:"u8);
        output.Write(e.Name);
        output.Write(";base64,"u8);
        output.Write(e.Text);
        output.Write("\"}}"u8);
    }

    public static void WriteCitation(IBufferWriter<byte> output, in ChatEvent e)
    {
        output.Write("{\"type\":\"url_citation\",\"url_citation\":{"u8);
        OpenAiSource.Write(output, e);
        output.Write("}}"u8);
    }
}
