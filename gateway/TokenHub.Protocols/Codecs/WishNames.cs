using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>Wishes of a request that not every upstream can fulfil.</summary>
internal enum Wish : byte
{
    MaxTokens,
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Seed,
    N,
    Logprobs,
    LogitBias,
    Stop,
    Reasoning,
    Format,
    ParallelCalls,
    ServiceTier,
    Verbosity,
    Metadata,
    ToolChoice,
}

/// <summary>What a wish is called in the caller's dialect, for the report of what could not be carried.</summary>
internal static class WishNames
{
    public static string NameOf(this ChatRequest request, Wish wish) => request.Dialect switch
    {
        Dialect.Anthropic => Anthropic(wish),
        Dialect.Gemini => Gemini(wish),
        Dialect.Responses => Responses(wish),
        _ => Chat(wish),
    };

    private static string Chat(Wish wish) => wish switch
    {
        Wish.MaxTokens => "max_completion_tokens",
        Wish.Temperature => "temperature",
        Wish.TopP => "top_p",
        Wish.TopK => "top_k",
        Wish.FrequencyPenalty => "frequency_penalty",
        Wish.PresencePenalty => "presence_penalty",
        Wish.Seed => "seed",
        Wish.N => "n",
        Wish.Logprobs => "logprobs",
        Wish.LogitBias => "logit_bias",
        Wish.Stop => "stop",
        Wish.Reasoning => "reasoning_effort",
        Wish.Format => "response_format",
        Wish.ParallelCalls => "parallel_tool_calls",
        Wish.ServiceTier => "service_tier",
        Wish.Verbosity => "verbosity",
        Wish.Metadata => "metadata",
        _ => "tool_choice",
    };

    private static string Responses(Wish wish) => wish switch
    {
        Wish.MaxTokens => "max_output_tokens",
        Wish.Logprobs => "top_logprobs",
        Wish.Reasoning => "reasoning",
        Wish.Format => "text.format",
        Wish.Verbosity => "text.verbosity",
        _ => Chat(wish),
    };

    private static string Anthropic(Wish wish) => wish switch
    {
        Wish.MaxTokens => "max_tokens",
        Wish.Stop => "stop_sequences",
        Wish.Reasoning => "thinking",
        Wish.Format => "output_config.format",
        Wish.ParallelCalls => "tool_choice.disable_parallel_tool_use",
        _ => Chat(wish),
    };

    private static string Gemini(Wish wish) => wish switch
    {
        Wish.MaxTokens => "generationConfig.maxOutputTokens",
        Wish.Temperature => "generationConfig.temperature",
        Wish.TopP => "generationConfig.topP",
        Wish.TopK => "generationConfig.topK",
        Wish.FrequencyPenalty => "generationConfig.frequencyPenalty",
        Wish.PresencePenalty => "generationConfig.presencePenalty",
        Wish.Seed => "generationConfig.seed",
        Wish.N => "generationConfig.candidateCount",
        Wish.Logprobs => "generationConfig.responseLogprobs",
        Wish.Stop => "generationConfig.stopSequences",
        Wish.Reasoning => "generationConfig.thinkingConfig",
        Wish.Format => "generationConfig.responseJsonSchema",
        Wish.ServiceTier => "serviceTier",
        Wish.ToolChoice => "toolConfig.functionCallingConfig",
        _ => Chat(wish),
    };
}
