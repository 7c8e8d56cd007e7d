using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Anthropic.Requests;

/// <summary>How a model is told to think, and how much it may write with it.</summary>
internal sealed record ThinkingPlan
{
    private const long BudgetMin = 1024;

    public long MaxTokens { get; private init; }

    /// <summary>enabled, adaptive or disabled; null leaves it to the model.</summary>
    public string? Type { get; private init; }

    public long Budget { get; private init; }

    public string? Effort { get; private init; }

    /// <summary>summarized or omitted; null leaves it to the model.</summary>
    public string? Display { get; private init; }

    public bool IsOn => Type is "enabled" or "adaptive";

    /// <param name="isForced">A tool must be called, and a model that thinks refuses that.</param>
    /// <param name="lacksThought">The calls under way stand without the thought that a budget asks for.</param>
    public static ThinkingPlan Of(
        ChatRequest request,
        UpstreamModel target,
        AnthropicModel model,
        bool isForced,
        bool lacksThought,
        Dropped dropped)
    {
        var plan = new ThinkingPlan { MaxTokens = MaxTokensOf(request, target, model, dropped) };
        if (request.Reasoning is not { } wish || !SaysAnything(wish))
        {
            return plan;
        }

        if (wish.Effort == Chat.Effort.None || wish.BudgetTokens == 0)
        {
            return target.IsCompatible || model is { TakesBudget: false, TakesEffort: false }
                ? plan : plan with { Type = "disabled" };
        }

        if (model.TakesEffort && !target.IsCompatible)
        {
            plan = plan with { Effort = EffortOf(wish, model) };
            if (!isForced)
            {
                return plan with { Type = "adaptive", Display = DisplayOf(wish, model) };
            }
        }
        else if (!isForced && !lacksThought && (model.TakesBudget || target.IsCompatible)
            && BudgetOf(wish, plan.MaxTokens) is { } budget)
        {
            return plan with { Type = "enabled", Budget = budget };
        }

        dropped.Add(request.NameOf(Wish.Reasoning));
        return plan;
    }

    private static bool SaysAnything(ReasoningWish wish) =>
        wish.Effort is not null || wish.BudgetTokens is not null || wish.IsAdaptive || wish.ShowsText is true;

    private static long MaxTokensOf(ChatRequest request, UpstreamModel target, AnthropicModel model, Dropped dropped)
    {
        var most = target.OutputTokensMax ?? model.OutputTokensMax;
        if (request.OutputTokensMax is not { } wanted)
        {
            return most;
        }

        if (wanted > most && (model.IsKnown || target.OutputTokensMax is not null))
        {
            dropped.Add(request.NameOf(Wish.MaxTokens));
            return most;
        }

        return wanted;
    }

    private static string? EffortOf(ReasoningWish wish, AnthropicModel model) =>
        (wish.Effort ?? (wish.BudgetTokens is { } budget ? EffortLevels.Of(budget) : null)) switch
        {
            null => null,
            Chat.Effort.Max => "max",
            Chat.Effort.XHigh => model.TakesExtraHighEffort ? "xhigh" : "max",
            Chat.Effort.High => "high",
            Chat.Effort.Medium => "medium",
            _ => "low",
        };

    private static string? DisplayOf(ReasoningWish wish, AnthropicModel model) =>
        !model.HidesThoughts ? null : wish.ShowsText switch
        {
            true => "summarized",
            false => "omitted",
            null => null,
        };

    // The budget is a part of what may be written and must leave some of it; what the caller pays for is the sum.
    private static long? BudgetOf(ReasoningWish wish, long maxTokens)
    {
        if (maxTokens <= BudgetMin)
        {
            return null;
        }

        var wanted = wish.BudgetTokens is > 0 ? wish.BudgetTokens.Value
            : EffortLevels.BudgetOf(wish.Effort ?? Chat.Effort.Medium);
        return Math.Clamp(wanted, BudgetMin, Math.Max(BudgetMin, maxTokens - BudgetMin));
    }
}
