using System.Text;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Json;

/// <summary>Fields of a request that decide its way or price. Each may stand only once, in its own spelling.</summary>
internal enum RoutedKey : byte
{
    None,
    Model,
    Stream,
    StreamOptions,
    MaxTokens,
    MaxCompletionTokens,
    MaxOutputTokens,
    N,
    BestOf,
    Tools,
    Functions,
    ServiceTier,
    Speed,
    Thinking,
    Reasoning,
    ReasoningEffort,
    GenerationConfig,
    Messages,
    Input,
    Prompt,
    Contents,
    System,
    Instructions,
    SystemInstruction,
    ResponseFormat,
    TextFormat,
    OutputConfig,
    Modalities,
    Audio,
    WebSearchOptions,
    Background,
    PreviousResponse,
    Conversation,
    PromptCacheKey,
    Metadata,
    CachedContent,
    User,
    SafetyIdentifier,

    // Inside stream_options.
    IncludeUsage,

    // Inside generationConfig.
    GeminiMaxOutput,
    CandidateCount,
    ResponseModalities,
    ResponseSchema,

    // Inside metadata.
    UserId,
}

internal static class RoutedKeys
{
    // Gemini reads each of its names in two spellings; both are the same field here.
    private static readonly (byte[] Name, RoutedKey Key)[] Root = Table(
        ("model", RoutedKey.Model), ("stream", RoutedKey.Stream), ("stream_options", RoutedKey.StreamOptions),
        ("max_tokens", RoutedKey.MaxTokens), ("max_completion_tokens", RoutedKey.MaxCompletionTokens),
        ("max_output_tokens", RoutedKey.MaxOutputTokens), ("n", RoutedKey.N), ("best_of", RoutedKey.BestOf),
        ("tools", RoutedKey.Tools), ("functions", RoutedKey.Functions), ("service_tier", RoutedKey.ServiceTier),
        ("serviceTier", RoutedKey.ServiceTier), ("speed", RoutedKey.Speed), ("thinking", RoutedKey.Thinking),
        ("reasoning", RoutedKey.Reasoning), ("reasoning_effort", RoutedKey.ReasoningEffort),
        ("generationConfig", RoutedKey.GenerationConfig), ("generation_config", RoutedKey.GenerationConfig),
        ("messages", RoutedKey.Messages), ("input", RoutedKey.Input), ("prompt", RoutedKey.Prompt),
        ("contents", RoutedKey.Contents), ("system", RoutedKey.System), ("instructions", RoutedKey.Instructions),
        ("systemInstruction", RoutedKey.SystemInstruction), ("system_instruction", RoutedKey.SystemInstruction),
        ("response_format", RoutedKey.ResponseFormat), ("text", RoutedKey.TextFormat),
        ("output_config", RoutedKey.OutputConfig), ("modalities", RoutedKey.Modalities), ("audio", RoutedKey.Audio),
        ("web_search_options", RoutedKey.WebSearchOptions), ("background", RoutedKey.Background),
        ("previous_response_id", RoutedKey.PreviousResponse), ("conversation", RoutedKey.Conversation),
        ("prompt_cache_key", RoutedKey.PromptCacheKey), ("metadata", RoutedKey.Metadata),
        ("cachedContent", RoutedKey.CachedContent), ("cached_content", RoutedKey.CachedContent),
        ("user", RoutedKey.User), ("safety_identifier", RoutedKey.SafetyIdentifier));

    private static readonly (byte[] Name, RoutedKey Key)[] StreamOptions =
        Table(("include_usage", RoutedKey.IncludeUsage));

    private static readonly (byte[] Name, RoutedKey Key)[] GenerationConfig = Table(
        ("maxOutputTokens", RoutedKey.GeminiMaxOutput), ("max_output_tokens", RoutedKey.GeminiMaxOutput),
        ("candidateCount", RoutedKey.CandidateCount), ("candidate_count", RoutedKey.CandidateCount),
        ("responseModalities", RoutedKey.ResponseModalities), ("response_modalities", RoutedKey.ResponseModalities),
        ("responseSchema", RoutedKey.ResponseSchema), ("response_schema", RoutedKey.ResponseSchema));

    private static readonly (byte[] Name, RoutedKey Key)[] Metadata = Table(("user_id", RoutedKey.UserId));

    public static string RootName(RoutedKey key) =>
        Encoding.UTF8.GetString(Root.First(row => row.Key == key).Name);

    /// <summary>
    /// The key that a member's name is or reads like; <paramref name="isExact"/> is false for a spelling that only some
    /// parser would take for it.
    /// </summary>
    public static RoutedKey Match(RoutedKey parent, ReadOnlySpan<byte> name, out bool isExact)
    {
        isExact = true;
        var table = parent switch
        {
            RoutedKey.None => Root,
            RoutedKey.StreamOptions => StreamOptions,
            RoutedKey.GenerationConfig => GenerationConfig,
            RoutedKey.Metadata => Metadata,
            _ => [],
        };
        foreach (var (known, key) in table)
        {
            if (name.SequenceEqual(known))
            {
                return key;
            }
        }

        isExact = false;
        Span<byte> folded = stackalloc byte[JsonTokenizer.NameBytesMax];
        folded = folded[..Fold(name, folded)];
        foreach (var (known, key) in table)
        {
            if (Ascii.EqualsIgnoreCase(folded, known))
            {
                return key;
            }
        }

        return RoutedKey.None;
    }

    // Parsers that ignore case fold the long s and the Kelvin sign as well; parsers in C stop at a NUL.
    private static int Fold(ReadOnlySpan<byte> name, Span<byte> folded)
    {
        var length = 0;
        for (var i = 0; i < name.Length && name[i] != 0; i++)
        {
            var rest = name[i..];
            if (rest.StartsWith("\u017F"u8))
            {
                folded[length++] = (byte)'s';
                i += 1;
            }
            else if (rest.StartsWith("\u212A"u8))
            {
                folded[length++] = (byte)'k';
                i += 2;
            }
            else
            {
                folded[length++] = name[i];
            }
        }

        return length;
    }

    private static (byte[] Name, RoutedKey Key)[] Table(params ReadOnlySpan<(string Name, RoutedKey Key)> rows)
    {
        var table = new (byte[], RoutedKey)[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            table[i] = (Encoding.UTF8.GetBytes(rows[i].Name), rows[i].Key);
        }

        return table;
    }
}
