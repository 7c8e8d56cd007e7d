using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Responses;

/// <summary>OpenAI Responses, streamed or as one body.</summary>
internal sealed class ResponsesAnswerReader : AnswerReader
{
    private static readonly JsonShape<Field> Shape = new(Field.Root, [
        ("type", Field.Type), ("delta", Field.EventDelta), ("item.type", Field.ItemType), ("item.name", Field.Tool),
        ("item.id", Field.ItemId), ("item.call_id", Field.ItemCallId),
        ("output_index", Field.Index), ("sequence_number", Field.Sequence),
        ("partial_image_b64", Field.Opaque), ("code", Field.ErrorCode), ("message", Field.PlainMessage),
        .. Response(""), .. Response("response."),
    ]);

    public ResponsesAnswerReader(IncrementalCounter counter)
        : base(Shape, counter)
    {
        Output = new ResponsesOutput();
    }

    private protected override Field Resolve(Field field)
    {
        if (field == Field.Tool)
        {
            // The name of a call comes twice, when its item is added and when it is done.
            return EventType.SequenceEqual("response.output_item.added"u8) ? Field.Tool : Field.None;
        }

        if (field != Field.EventDelta)
        {
            return field;
        }

        var type = EventType;
        if (type.IndexOf("audio"u8) >= 0)
        {
            return type.IndexOf("transcript"u8) >= 0 ? Field.Text : Field.Opaque;
        }

        if (type.StartsWith("response.reasoning"u8))
        {
            return Field.Reasoning;
        }

        return type.IndexOf("call"u8) >= 0 ? Field.Tool : Field.Text;
    }

    private protected override bool IsContentItem(ReadOnlySpan<byte> type) => type.IndexOf("call"u8) >= 0;

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        if (type.EndsWith(".delta"u8))
        {
            Output!.AddText(_event.Index, Resolve(Field.EventDelta));
            return;
        }

        if (type.StartsWith("response.output_item."u8))
        {
            Output!.NoteItem(_event.Index, isDone: type.EndsWith("done"u8));
        }

        var isEnd = type.SequenceEqual("response.completed"u8) || type.SequenceEqual("response.incomplete"u8)
            || type.SequenceEqual("response.failed"u8) || type.SequenceEqual("response.cancelled"u8);
        IsTerminal |= isEnd;
        _event.HasError |= type.SequenceEqual("response.failed"u8) || type.SequenceEqual("error"u8);
        TakeUsage(isFinal: true);
    }

    private protected override TokenUsage ToUsage(in UsageDraft usage) => UsageReader.Read(usage);

    private static (string, Field)[] Response(string at) =>
    [
        ($"{at}id", Field.Id), ($"{at}model", Field.Model), ($"{at}status", Field.Finish),
        ($"{at}error", Field.Error), ($"{at}error.type", Field.ErrorType), ($"{at}error.code", Field.ErrorCode),
        ($"{at}error.message", Field.ErrorMessage),
        ($"{at}output.type", Field.ItemType),
        ($"{at}output.content.text", Field.LateText), ($"{at}output.content.refusal", Field.LateText),
        ($"{at}output.summary.text", Field.LateReasoning),
        ($"{at}output.name", Field.LateTool), ($"{at}output.arguments", Field.LateTool),
        ($"{at}output.input", Field.LateTool), ($"{at}output.result", Field.LateOpaque),
        ($"{at}usage", Field.Usage),
        ($"{at}usage.input_tokens", Field.Number + (int)UsageField.Input),
        ($"{at}usage.output_tokens", Field.Number + (int)UsageField.Output),
        ($"{at}usage.input_tokens_details.cached_tokens", Field.Number + (int)UsageField.CacheRead),
        ($"{at}usage.input_tokens_details.cache_write_tokens", Field.Number + (int)UsageField.CacheWrite),
        ($"{at}usage.output_tokens_details.reasoning_tokens", Field.Number + (int)UsageField.Reasoning),
    ];
}
