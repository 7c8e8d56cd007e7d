using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Gemini.Parts;

/// <summary>Why an answer ended, in Gemini's words and in none.</summary>
internal static class GeminiStop
{
    /// <summary>None for a word that says nothing; calls have no word of their own.</summary>
    public static StopReason ReasonOf(ReadOnlySpan<byte> word) =>
        word.IsEmpty || word.SequenceEqual("FINISH_REASON_UNSPECIFIED"u8) ? StopReason.None
        : word.SequenceEqual("STOP"u8) ? StopReason.End
        : word.SequenceEqual("MAX_TOKENS"u8) ? StopReason.Length
        : word.SequenceEqual("MALFORMED_FUNCTION_CALL"u8) || word.SequenceEqual("UNEXPECTED_TOOL_CALL"u8)
            ? StopReason.BrokenCall
        : word.SequenceEqual("TOO_MANY_TOOL_CALLS"u8) ? StopReason.Paused
        : IsFilter(word) ? StopReason.Filtered
        : StopReason.Other;

    public static ReadOnlySpan<byte> WordOf(StopReason reason) => reason switch
    {
        StopReason.Length or StopReason.ContextLength => "MAX_TOKENS"u8,
        StopReason.Filtered => "SAFETY"u8,
        StopReason.BrokenCall => "MALFORMED_FUNCTION_CALL"u8,
        StopReason.Other => "OTHER"u8,
        _ => "STOP"u8,
    };

    private static bool IsFilter(ReadOnlySpan<byte> word) => word.IndexOf("SAFETY"u8) >= 0
        || word.IndexOf("PROHIBITED"u8) >= 0 || word.IndexOf("RECITATION"u8) >= 0
        || word.SequenceEqual("BLOCKLIST"u8) || word.SequenceEqual("SPII"u8) || word.SequenceEqual("LANGUAGE"u8);
}
