using System.Collections.Frozen;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Chat;

/// <summary>What each dialect calls the members that all of them know in some form, by Chat's name.</summary>
public static class MemberNames
{
    private static readonly FrozenDictionary<string, string> Responses = new Dictionary<string, string>
    {
        ["max_completion_tokens"] = "max_output_tokens",
        ["reasoning_effort"] = "reasoning.effort",
        ["response_format"] = "text.format",
        ["verbosity"] = "text.verbosity",
        ["user"] = "safety_identifier",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Anthropic = new Dictionary<string, string>
    {
        ["max_completion_tokens"] = "max_tokens",
        ["reasoning_effort"] = "thinking",
        ["response_format"] = "output_config.format",
        ["stop"] = "stop_sequences",
        ["user"] = "metadata.user_id",
        ["parallel_tool_calls"] = "tool_choice.disable_parallel_tool_use",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Gemini = new Dictionary<string, string>
    {
        ["max_completion_tokens"] = "generationConfig.maxOutputTokens",
        ["reasoning_effort"] = "generationConfig.thinkingConfig",
        ["response_format"] = "generationConfig.responseJsonSchema",
        ["stop"] = "generationConfig.stopSequences",
        ["temperature"] = "generationConfig.temperature",
        ["top_p"] = "generationConfig.topP",
        ["top_k"] = "generationConfig.topK",
        ["frequency_penalty"] = "generationConfig.frequencyPenalty",
        ["presence_penalty"] = "generationConfig.presencePenalty",
        ["seed"] = "generationConfig.seed",
        ["n"] = "generationConfig.candidateCount",
        ["logprobs"] = "generationConfig.responseLogprobs",
        ["top_logprobs"] = "generationConfig.logprobs",
        ["tool_choice"] = "toolConfig",
        ["service_tier"] = "serviceTier",
        ["metadata"] = "labels",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Of(Dialect caller, string chatName) => caller switch
    {
        Dialect.Responses => Responses.GetValueOrDefault(chatName, chatName),
        Dialect.Anthropic => Anthropic.GetValueOrDefault(chatName, chatName),
        Dialect.Gemini => Gemini.GetValueOrDefault(chatName, chatName),
        _ => chatName,
    };
}
