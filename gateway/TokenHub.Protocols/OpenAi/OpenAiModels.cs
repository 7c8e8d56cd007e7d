using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.OpenAi;

/// <summary>What a model of OpenAI's, or one spoken to in its dialect, takes and refuses.</summary>
internal sealed record OpenAiModel
{
    /// <summary>System text goes under the role <c>developer</c>; <c>user</c> where neither is known.</summary>
    public string InstructionRole { get; init; } = "system";

    /// <summary>Thinks before it answers, and gives its thoughts encrypted.</summary>
    public bool IsReasoning { get; init; }

    /// <summary>Temperature, top_p, penalties, logprobs and logit_bias are refused.</summary>
    public bool RefusesSampling { get; init; }

    public bool RefusesStop { get; init; }

    /// <summary><c>max_tokens</c> is refused; only <c>max_completion_tokens</c> is known.</summary>
    public bool RefusesMaxTokens { get; init; }

    /// <summary><c>reasoning_effort</c> is known.</summary>
    public bool TakesEffort { get; init; }

    /// <summary>The least of effort that is known; less is raised to it.</summary>
    public Effort EffortMin { get; init; } = Effort.None;

    public Effort EffortMax { get; init; } = Effort.Max;

    /// <summary>Knows <c>none</c> and <c>low</c>, and nothing between them.</summary>
    public bool RefusesMinimal { get; init; }

    /// <summary><c>verbosity</c> and free-form tools are known.</summary>
    public bool TakesVerbosity { get; init; }

    /// <summary>Schemas are refused as an output's form; JSON alone is known.</summary>
    public bool RefusesJsonSchema { get; init; }

    /// <summary>Wants its own thoughts of the loop of tools under way back, as <c>reasoning_content</c>.</summary>
    public bool WantsReasoningContent { get; init; }

    /// <summary>Wants <c>reasoning_content</c> in every assistant message, if only an empty one.</summary>
    public bool WantsReasoningAlways { get; init; }
}

/// <summary>The models by the beginning of their names, a maker's name and a slash before it left out.</summary>
internal static class OpenAiModels
{
    private static readonly OpenAiModel Plain = new();

    private static readonly OpenAiModel Reasoning = new()
    {
        InstructionRole = "developer", IsReasoning = true, RefusesSampling = true, RefusesMaxTokens = true,
        TakesEffort = true, EffortMin = Effort.Low, EffortMax = Effort.High,
    };

    private static readonly OpenAiModel Unknown = Plain with { TakesEffort = true, EffortMax = Effort.High };

    // The first that fits counts.
    private static readonly (string Beginning, OpenAiModel Model)[] Table =
    [
        ("o1-mini", Reasoning with { InstructionRole = "user", TakesEffort = false }),
        ("o1-preview", Reasoning with { InstructionRole = "user", TakesEffort = false }),
        ("o1", Reasoning),
        ("o3", Reasoning with { RefusesStop = true }),
        ("o4", Reasoning with { RefusesStop = true }),
        ("gpt-5-chat", Plain with { RefusesMaxTokens = true }),
        ("gpt-5.", Reasoning with
        {
            TakesVerbosity = true, EffortMin = Effort.None, EffortMax = Effort.XHigh, RefusesMinimal = true,
        }),
        ("gpt-5", Reasoning with { TakesVerbosity = true, EffortMin = Effort.Minimal }),
        ("gpt-oss", Plain with { TakesEffort = true, EffortMin = Effort.Low, EffortMax = Effort.High }),
        ("gpt-", Plain),
        ("chatgpt", Plain),
        ("deepseek-v4", Plain with
        {
            TakesEffort = true, EffortMin = Effort.Low, RefusesJsonSchema = true,
            WantsReasoningContent = true, WantsReasoningAlways = true,
        }),
        ("deepseek", Plain with { RefusesJsonSchema = true, WantsReasoningContent = true }),
        ("kimi", Plain with { WantsReasoningContent = true }),
        ("glm", Plain with { WantsReasoningContent = true }),
        ("qwen", Plain with { WantsReasoningContent = true }),
        ("minimax", Plain with { WantsReasoningContent = true }),
    ];

    public static OpenAiModel Of(string model)
    {
        var name = model[(model.LastIndexOf('/') + 1)..];
        foreach (var (beginning, known) in Table)
        {
            if (name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        // A name of the operator's own, or a server that may serve anything: asked for what the caller wants.
        return Unknown;
    }

    public static Effort Clamp(this OpenAiModel model, Effort effort) =>
        effort == Effort.Minimal && model.RefusesMinimal ? Effort.Low
        : effort < model.EffortMin ? model.EffortMin : effort > model.EffortMax ? model.EffortMax : effort;
}
