using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Blocks;

/// <summary>Why an answer ended, in Anthropic's words.</summary>
internal ref struct AnthropicStop
{
    public ReadOnlySpan<byte> Word;
    public ReadOnlySpan<byte> Sequence;

    /// <summary>What is told of a refusal.</summary>
    public ReadOnlySpan<byte> Explanation;

    /// <summary>Reads the member at hand when it is one of these.</summary>
    public bool TryRead(scoped ref Utf8JsonReader reader)
    {
        if (reader.NameIs("stop_reason"u8))
        {
            Word = reader.ReadText();
        }
        else if (reader.NameIs("stop_sequence"u8))
        {
            Sequence = reader.ReadText();
        }
        else if (reader.NameIs("stop_details"u8))
        {
            ReadDetails(ref reader);
        }
        else
        {
            return false;
        }

        return true;
    }

    public readonly StopReason Reason => ReasonOf(Word);

    public readonly ReadOnlySpan<byte> Text => Reason == StopReason.StopSequence ? Sequence : Explanation;

    private static StopReason ReasonOf(ReadOnlySpan<byte> word) =>
        word.IsEmpty ? StopReason.None
        : word.SequenceEqual("end_turn"u8) ? StopReason.End
        : word.SequenceEqual("tool_use"u8) ? StopReason.Calls
        : word.SequenceEqual("max_tokens"u8) ? StopReason.Length
        : word.SequenceEqual("stop_sequence"u8) ? StopReason.StopSequence
        : word.SequenceEqual("model_context_window_exceeded"u8) ? StopReason.ContextLength
        : word.SequenceEqual("refusal"u8) ? StopReason.Filtered
        : word.SequenceEqual("pause_turn"u8) ? StopReason.Paused
        : StopReason.Other;

    public static ReadOnlySpan<byte> WordOf(StopReason reason) => reason switch
    {
        StopReason.Calls => "tool_use"u8,
        StopReason.Length => "max_tokens"u8,
        StopReason.StopSequence => "stop_sequence"u8,
        StopReason.ContextLength => "model_context_window_exceeded"u8,
        StopReason.Filtered => "refusal"u8,
        StopReason.Paused => "pause_turn"u8,
        _ => "end_turn"u8,
    };

    private void ReadDetails(scoped ref Utf8JsonReader reader)
    {
        if (!reader.BeginObject())
        {
            return;
        }

        while (reader.NextMember())
        {
            if (reader.NameIs("explanation"u8))
            {
                Explanation = reader.ReadText();
            }
            else
            {
                reader.SkipMember();
            }
        }
    }
}
