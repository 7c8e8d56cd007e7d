using TokenHub.Core.Usage;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.OpenAi;

/// <summary>
/// OpenAI's pictures, speech and transcripts, whole or as events; what is no JSON (sound, subtitles) is taken as it
/// comes.
/// </summary>
internal sealed class MediaAnswerReader : AnswerReader
{
    // A picture of the largest size, in Base64, in one event.
    private const int PictureBytesMax = 64 << 20;

    private static readonly JsonShape<Field> Shape = new(Field.Root, [
        ("type", Field.Type), ("model", Field.Model),
        ("data", Field.Picture), ("data.b64_json", Field.Opaque), ("data.url", Field.Opaque),
        ("b64_json", Field.Opaque), ("audio", Field.Opaque),
        ("text", Field.LateText), ("delta", Field.Text), ("duration", Field.Seconds),
        ("error", Field.Error), ("error.type", Field.ErrorType), ("error.code", Field.ErrorCode),
        ("error.message", Field.ErrorMessage), ("message", Field.PlainMessage), ("detail", Field.PlainMessage),
        ("usage", Field.Usage), ("usage.seconds", Field.Seconds),
        ("usage.input_tokens", Field.Number + (int)UsageField.Input),
        ("usage.prompt_tokens", Field.Number + (int)UsageField.Input),
        ("usage.output_tokens", Field.Number + (int)UsageField.Output),
        ("usage.completion_tokens", Field.Number + (int)UsageField.Output),
        ("usage.input_tokens_details.cached_tokens", Field.Number + (int)UsageField.CacheRead),
    ]);

    public MediaAnswerReader(IncrementalCounter counter)
        : base(Shape, counter) => EventBytesMax = PictureBytesMax;

    private protected override void OnEvent(ReadOnlySpan<byte> type)
    {
        var isPicture = type.EndsWith(".completed"u8);
        Pictures += isPicture ? 1 : _event.Pictures;
        PartialPictures += type.EndsWith(".partial_image"u8) ? 1 : 0;
        IsTerminal |= isPicture || type.EndsWith(".done"u8);

        // Silence has a transcript, which is empty.
        _event.HasContent |= type.IsEmpty && _event.HasSeconds;
        TakeUsage(isFinal: true);
    }

    private protected override void OnDone() => IsTerminal = true;

    private protected override TokenUsage ToUsage(in UsageDraft usage) => new()
    {
        Input = usage[UsageField.Input],
        CacheRead = usage[UsageField.CacheRead],
        Output = usage[UsageField.Output],
    };
}
