using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Chat Completions.</summary>
internal static class OpenAiCodecs
{
    public static DialectCodecs Table { get; } = new()
    {
        RequestReader = new OpenAiRequestReader(),
        RequestWriter = new OpenAiRequestWriter(),
        NewDecoder = () => new OpenAiStreamReader(),
        NewStreamEncoder = () => new OpenAiStreamWriter(),
        NewBodyEncoder = () => new OpenAiBodyWriter(),
    };
}

/// <summary>Chat's words for why an answer ended, and those of servers that resemble it.</summary>
internal static class OpenAiFinish
{
    /// <summary>None for a word that stands for a failure.</summary>
    public static StopReason Read(ReadOnlySpan<byte> finish)
    {
        foreach (var (word, stop) in Words)
        {
            if (Ascii.EqualsIgnoreCase(finish, word))
            {
                return stop;
            }
        }

        return StopReason.Other;
    }

    public static ReadOnlySpan<byte> Write(StopReason stop, bool hasCalls) => stop switch
    {
        StopReason.Length or StopReason.ContextLength => "length"u8,
        StopReason.Filtered => "content_filter"u8,
        _ => hasCalls ? "tool_calls"u8 : "stop"u8,
    };

    // DeepSeek's insufficient_system_resource and OpenRouter's error are no ends of an answer.
    private static readonly (byte[] Word, StopReason Stop)[] Words =
    [
        ("stop"u8.ToArray(), StopReason.End), ("tool_calls"u8.ToArray(), StopReason.Calls),
        ("length"u8.ToArray(), StopReason.Length), ("content_filter"u8.ToArray(), StopReason.Filtered),
        ("function_call"u8.ToArray(), StopReason.Calls), ("max_tokens"u8.ToArray(), StopReason.Length),
        ("model_length"u8.ToArray(), StopReason.ContextLength), ("eos"u8.ToArray(), StopReason.End),
        ("end_turn"u8.ToArray(), StopReason.End), ("tool_use"u8.ToArray(), StopReason.Calls),
        ("stop_sequence"u8.ToArray(), StopReason.StopSequence),
        ("error"u8.ToArray(), StopReason.None), ("insufficient_system_resource"u8.ToArray(), StopReason.None),
    ];
}
