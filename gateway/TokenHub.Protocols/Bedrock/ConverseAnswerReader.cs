using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Bedrock;

/// <summary>
/// Bedrock Converse, as one body or as the events that <see cref="EventStreamFraming"/> makes of its frames.
/// </summary>
internal sealed class ConverseAnswerReader(IncrementalCounter counter) : AnswerReader(Shape, counter)
{
    private const string Body = "output.message.content.";

    private static readonly JsonShape<Field> Shape = new(Field.Root, [
        ("contentBlockIndex", Field.Index),
        ("start.toolUse.name", Field.Tool),
        ("delta.text", Field.Text), ("delta.toolUse.input", Field.Tool),
        ("delta.reasoningContent.text", Field.Reasoning),
        ("delta.reasoningContent.signature", Field.Opaque),
        ("delta.reasoningContent.redactedContent", Field.Opaque),
        ("delta.citation", Field.None),
        ($"{Body}text", Field.Text), ($"{Body}toolUse.name", Field.Tool), ($"{Body}toolUse.input.**", Field.Tool),
        ($"{Body}reasoningContent.reasoningText.text", Field.Reasoning),
        ($"{Body}reasoningContent.reasoningText.signature", Field.Opaque),
        ($"{Body}reasoningContent.redactedContent", Field.Opaque),
        ($"{Body}image", Field.Present), ($"{Body}video", Field.Present), ($"{Body}audio", Field.Present),
        ("stopReason", Field.Finish),
        ("error", Field.Error), ("error.type", Field.ErrorType), ("error.message", Field.ErrorMessage),
        ("usage", Field.Usage),
        ("usage.inputTokens", Field.Number + (int)UsageField.Input),
        ("usage.outputTokens", Field.Number + (int)UsageField.Output),
        ("usage.cacheReadInputTokens", Field.Number + (int)UsageField.CacheRead),
        ("usage.cacheWriteInputTokens", Field.Number + (int)UsageField.CacheWrite),
        ("usage.cacheDetails", Field.Iteration), ("usage.cacheDetails.ttl", Field.CacheTtl),
        ("usage.cacheDetails.inputTokens", Field.IterationNumber + (int)UsageField.CacheWrite5m),
    ]);

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        _event.HasContent |= FinishUtf8.SequenceEqual("guardrail_intervened"u8)
            || FinishUtf8.SequenceEqual("content_filtered"u8);

        // The usage comes last of all, behind the reason to stop.
        IsTerminal |= type.SequenceEqual("metadata"u8) && !FinishUtf8.IsEmpty;
        ref var usage = ref _eventUsage;
        if (usage.Iterations.IsImpossible)
        {
            usage.Plain.Spoil();
        }

        usage.Plain.Overlay(usage.Iterations);
        TakeUsage(isFinal: usage.Plain.Has(UsageField.Output));
    }

    // Its input leaves out what the cache had, or was given, as Anthropic's does.
    private protected override TokenUsage ToUsage(in UsageDraft usage) => Anthropic.UsageReader.Read(usage);
}
