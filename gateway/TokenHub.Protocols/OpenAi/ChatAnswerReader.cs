using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// Chat Completions, with the ways of Azure, DeepSeek, OpenRouter, Groq, Mistral and Moonshot; embeddings and
/// rerankings.
/// </summary>
internal sealed class ChatAnswerReader(IncrementalCounter counter) : AnswerReader(Shape, counter)
{
    private static readonly JsonShape<Field> Shape = new(Field.Root, [
        ("id", Field.Id), ("model", Field.Model),
        .. Answer("choices.delta"), .. Answer("choices.message"),
        ("choices.text", Field.Text), ("choices.finish_reason", Field.Finish),
        ("data.embedding", Field.Present), ("results.relevance_score", Field.Present),
        ("error", Field.Error), ("error.type", Field.ErrorType), ("error.code", Field.ErrorCode),
        ("error.message", Field.ErrorMessage), ("message", Field.PlainMessage), ("detail", Field.PlainMessage),
        .. Numbers("usage"), .. Numbers("x_groq.usage"), .. Numbers("choices.usage"),
    ]);

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        // A filter's verdict is the answer, and has no text of its own.
        _event.HasContent |= FinishUtf8.SequenceEqual("content_filter"u8);

        // Rerankers count their prompt in the total alone.
        ref var usage = ref _eventUsage.Plain;
        if (usage.Has(UsageField.Total) && !usage.Has(UsageField.Input) && !usage.Has(UsageField.Output))
        {
            usage.Set(UsageField.Input, usage[UsageField.Total]);
        }

        TakeUsage(isFinal: true);
    }

    private protected override void OnDone() => IsTerminal = true;

    private protected override TokenUsage ToUsage(in UsageDraft usage) => UsageReader.Read(usage);

    private static (string, Field)[] Answer(string at) =>
    [
        (at, Field.Delta),
        ($"{at}.content", Field.Text), ($"{at}.content.text", Field.Text),
        ($"{at}.content.thinking.text", Field.Reasoning), ($"{at}.refusal", Field.Text),
        ($"{at}.reasoning_content", Field.Reasoning), ($"{at}.reasoning", Field.Reasoning),
        ($"{at}.reasoning_details.text", Field.ReasoningCopy),
        ($"{at}.reasoning_details.summary", Field.ReasoningCopy), ($"{at}.reasoning_details.data", Field.Opaque),
        ($"{at}.tool_calls.function.name", Field.Tool), ($"{at}.tool_calls.function.arguments.**", Field.Tool),
        ($"{at}.tool_calls.custom.name", Field.Tool), ($"{at}.tool_calls.custom.input", Field.Tool),
        ($"{at}.function_call.name", Field.Tool), ($"{at}.function_call.arguments.**", Field.Tool),
        ($"{at}.audio.data", Field.Opaque), ($"{at}.audio.transcript", Field.Text),
        ($"{at}.images.image_url.url", Field.Opaque),
    ];

    private static (string, Field)[] Numbers(string at) =>
    [
        (at, Field.Usage),
        ($"{at}.prompt_tokens", Field.Number + (int)UsageField.Input),
        ($"{at}.completion_tokens", Field.Number + (int)UsageField.Output),
        ($"{at}.total_tokens", Field.Number + (int)UsageField.Total),
        ($"{at}.prompt_cache_hit_tokens", Field.Number + (int)UsageField.CacheHit),
        ($"{at}.prompt_tokens_details.cached_tokens", Field.Number + (int)UsageField.CacheRead),
        ($"{at}.prompt_tokens_details.cache_write_tokens", Field.Number + (int)UsageField.CacheWrite),
        ($"{at}.completion_tokens_details.reasoning_tokens", Field.Number + (int)UsageField.Reasoning),
    ];
}
