using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Anthropic;

/// <summary>Anthropic Messages, streamed or as one body.</summary>
internal sealed class AnthropicAnswerReader(IncrementalCounter counter) : AnswerReader(Shape, counter)
{
    private static readonly JsonShape<Field> Shape = new(Field.Root, [
        ("type", Field.Type), ("index", Field.Index),
        .. Message(""), .. Message("message."),
        ("content.type", Field.ItemType), ("content.text", Field.Text), ("content.thinking", Field.Reasoning),
        ("content.name", Field.Tool), ("content.input.**", Field.Tool), ("content.data", Field.Opaque),
        ("content.signature", Field.Opaque), ("stop_reason", Field.Finish),
        ("content_block.type", Field.ItemType), ("content_block.text", Field.Text),
        ("content_block.thinking", Field.Reasoning), ("content_block.name", Field.Tool),
        ("content_block.data", Field.Opaque), ("content_block.signature", Field.Opaque),
        ("delta.text", Field.Text), ("delta.thinking", Field.Reasoning), ("delta.partial_json", Field.Tool),
        ("delta.signature", Field.Opaque), ("delta.content", Field.Text), ("delta.stop_reason", Field.Finish),
        ("error", Field.Error), ("error.type", Field.ErrorType), ("error.message", Field.ErrorMessage),
    ]);

    private bool _hasStarted;

    private protected override bool IsContentItem(ReadOnlySpan<byte> type) =>
        !type.IsEmpty && !type.SequenceEqual("text"u8) && !type.SequenceEqual("thinking"u8);

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        _event.HasContent |= FinishUtf8.SequenceEqual("refusal"u8);
        _event.HasError |= type.SequenceEqual("error"u8);
        IsTerminal |= type.SequenceEqual("message_stop"u8);
        OpenBlock = type.SequenceEqual("content_block_start"u8) ? _event.Index
            : type.SequenceEqual("content_block_stop"u8) ? -1 : OpenBlock;
        SumIterations();
        if (!type.SequenceEqual("message_start"u8))
        {
            TakeUsage(isFinal: _eventUsage.Plain.Has(UsageField.Output));
            return;
        }

        // The first event's output is provisional. A second one means that a relay began anew.
        Faults |= _hasStarted ? StreamFaults.Restarted : StreamFaults.None;
        _hasStarted = true;
        ForgetUsage();
        TakeUsage(isFinal: false);
    }

    private protected override void OnReset() => _hasStarted = false;

    private protected override TokenUsage ToUsage(in UsageDraft usage) => UsageReader.Read(usage);

    // The totals leave out what compaction and advisors used. Where a fallback served, they are the whole.
    private void SumIterations()
    {
        ref var usage = ref _eventUsage;
        Faults |= usage.HasOtherModel ? StreamFaults.OtherModel : StreamFaults.None;
        Iterations = Math.Max(Iterations, usage.IterationCount);
        if (usage.IterationCount == 0 || usage.HasFallback)
        {
            return;
        }

        if (usage.Iterations.IsImpossible)
        {
            usage.Plain.Spoil();
        }

        usage.Plain.Overlay(usage.Iterations);
    }

    private static (string, Field)[] Message(string at) =>
    [
        ($"{at}id", Field.Id), ($"{at}model", Field.Model),
        ($"{at}usage", Field.Usage),
        .. Numbers($"{at}usage", Field.Number),
        ($"{at}usage.output_tokens_details.thinking_tokens", Field.Number + (int)UsageField.Reasoning),
        ($"{at}usage.iterations", Field.Iteration), ($"{at}usage.iterations.type", Field.IterationType),
        ($"{at}usage.iterations.model", Field.IterationModel),
        .. Numbers($"{at}usage.iterations", Field.IterationNumber),
    ];

    private static (string, Field)[] Numbers(string at, Field first) =>
    [
        ($"{at}.input_tokens", first + (int)UsageField.Input),
        ($"{at}.output_tokens", first + (int)UsageField.Output),
        ($"{at}.cache_read_input_tokens", first + (int)UsageField.CacheRead),
        ($"{at}.cache_creation_input_tokens", first + (int)UsageField.CacheWrite),
        ($"{at}.cache_creation.ephemeral_5m_input_tokens", first + (int)UsageField.CacheWrite5m),
        ($"{at}.cache_creation.ephemeral_1h_input_tokens", first + (int)UsageField.CacheWrite1h),
    ];
}
