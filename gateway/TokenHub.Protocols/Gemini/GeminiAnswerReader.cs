using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Gemini;

/// <summary>
/// Gemini generateContent: event stream, JSON array or one body, bare or within the envelope <c>response</c>.
/// </summary>
internal sealed class GeminiAnswerReader(IncrementalCounter counter) : AnswerReader(Shape, counter)
{
    private static readonly JsonShape<Field> Shape =
        new(Field.Root, [.. Response(""), .. Response("response."), .. Error]);

    private static (string, Field)[] Error =>
    [
        ("error", Field.Error), ("error.status", Field.ErrorType), ("error.code", Field.ErrorCode),
        ("error.message", Field.ErrorMessage),
    ];

    private bool _hasFinish;

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        _hasFinish |= !FinishUtf8.IsEmpty && !FinishUtf8.SequenceEqual("FINISH_REASON_UNSPECIFIED"u8);
        IsTerminal |= _hasFinish;
        _event.HasContent |= _event.IsBlocked || IsRefusal(FinishUtf8);

        // Vertex sends usage of the traffic type alone with the events in between.
        if (_eventUsage.Plain.Has(UsageField.Input) || _eventUsage.Plain.IsImpossible)
        {
            TakeUsage(isFinal: true);
        }

        UsageIsFinal &= _hasFinish;
    }

    private protected override void OnReset() => _hasFinish = false;

    private protected override TokenUsage ToUsage(in UsageDraft usage) => UsageReader.Read(usage);

    private static bool IsRefusal(ReadOnlySpan<byte> finish) => finish.IndexOf("SAFETY"u8) >= 0
        || finish.IndexOf("PROHIBITED"u8) >= 0 || finish.SequenceEqual("RECITATION"u8)
        || finish.SequenceEqual("BLOCKLIST"u8) || finish.SequenceEqual("SPII"u8)
        || finish.SequenceEqual("LANGUAGE"u8);

    private static (string, Field)[] Response(string at) =>
    [
        ($"{at}responseId", Field.Id), ($"{at}modelVersion", Field.Model),
        ($"{at}candidates.finishReason", Field.Finish), ($"{at}promptFeedback.blockReason", Field.BlockReason),
        .. Parts($"{at}candidates.content.parts"),
        ($"{at}usageMetadata", Field.Usage),
        ($"{at}usageMetadata.promptTokenCount", Field.Number + (int)UsageField.Input),
        ($"{at}usageMetadata.cachedContentTokenCount", Field.Number + (int)UsageField.CacheRead),
        ($"{at}usageMetadata.candidatesTokenCount", Field.Number + (int)UsageField.Output),
        ($"{at}usageMetadata.thoughtsTokenCount", Field.Number + (int)UsageField.Reasoning),
        ($"{at}usageMetadata.toolUsePromptTokenCount", Field.Number + (int)UsageField.ToolUse),
    ];

    private static (string, Field)[] Parts(string at) =>
    [
        (at, Field.Part), ($"{at}.text", Field.Text), ($"{at}.thought", Field.Thought),
        ($"{at}.thoughtSignature", Field.Opaque),
        ($"{at}.functionCall", Field.Present), ($"{at}.functionCall.name", Field.Tool),
        ($"{at}.functionCall.args.**", Field.Tool),
        ($"{at}.functionCall.partialArgs.stringValue", Field.Tool),
        ($"{at}.functionCall.partialArgs.numberValue", Field.Tool),
        ($"{at}.functionCall.partialArgs.boolValue", Field.Tool),
        ($"{at}.inlineData", Field.Present), ($"{at}.fileData", Field.Present),
        ($"{at}.executableCode.code", Field.Tool), ($"{at}.codeExecutionResult.output", Field.Opaque),
    ];
}
