using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json.Tokenizing;

namespace TokenHub.Protocols.Json;

/// <summary>Kinds of value a routed field may have; null stands for an absent field everywhere but in model.</summary>
[Flags]
internal enum WantedKind : byte
{
    Any = 0,
    Text = 1,
    Flag = 2,
    Number = 4,
    Array = 8,
    Object = 16,
    Null = 32,
}

internal static class RoutedKeyKinds
{
    /// <summary>Most answers one request may ask for.</summary>
    public const int AnswersMax = 128;

    public static WantedKind Wanted(this RoutedKey key, Dialect dialect) => key switch
    {
        RoutedKey.Model => WantedKind.Text,
        RoutedKey.Stream or RoutedKey.IncludeUsage or RoutedKey.Background => WantedKind.Flag | WantedKind.Null,
        RoutedKey.MaxTokens or RoutedKey.MaxCompletionTokens or RoutedKey.MaxOutputTokens or RoutedKey.N
            or RoutedKey.BestOf or RoutedKey.GeminiMaxOutput or RoutedKey.CandidateCount =>
            WantedKind.Number | WantedKind.Null,
        RoutedKey.Tools or RoutedKey.Functions => WantedKind.Array | WantedKind.Null,
        RoutedKey.StreamOptions or RoutedKey.GenerationConfig => WantedKind.Object | WantedKind.Null,
        RoutedKey.ServiceTier => WantedKind.Text | WantedKind.Null,
        RoutedKey.Thinking when dialect == Dialect.Anthropic => WantedKind.Object | WantedKind.Null,
        _ => WantedKind.Any,
    };

    public static bool Allows(this WantedKind wanted, JsonKind kind) => wanted == WantedKind.Any
        || (wanted & kind switch
        {
            JsonKind.String => WantedKind.Text,
            JsonKind.True or JsonKind.False => WantedKind.Flag,
            JsonKind.Number => WantedKind.Number,
            JsonKind.Array => WantedKind.Array,
            JsonKind.Object => WantedKind.Object,
            _ => WantedKind.Null,
        }) != 0;

    public static string Words(this WantedKind wanted) => (wanted & ~WantedKind.Null) switch
    {
        WantedKind.Text => "a string",
        WantedKind.Flag => "true or false",
        WantedKind.Number => "a whole number",
        WantedKind.Array => "an array",
        _ => "an object",
    };

    /// <summary>The field as the caller wrote it, or would have.</summary>
    public static string Name(this RoutedKey key) => key switch
    {
        RoutedKey.IncludeUsage => "stream_options.include_usage",
        RoutedKey.GeminiMaxOutput => "generationConfig.maxOutputTokens",
        RoutedKey.CandidateCount => "generationConfig.candidateCount",
        RoutedKey.ResponseModalities => "generationConfig.responseModalities",
        RoutedKey.ResponseSchema => "generationConfig.responseSchema",
        RoutedKey.UserId => "metadata.user_id",
        _ => RoutedKeys.RootName(key),
    };
}
