using System.Globalization;

namespace TokenHub.Protocols.Gemini;

/// <summary>What a model takes and gives, by its name.</summary>
internal sealed record GeminiModel
{
    /// <summary>The most it writes; null where that is not known.</summary>
    public long? OutputTokensMax { get; init; }

    /// <summary>Instructions have a place of their own.</summary>
    public bool TakesSystem { get; init; } = true;

    /// <summary>Thinks by a budget of tokens.</summary>
    public bool TakesBudget { get; init; }

    public long BudgetMin { get; init; }

    public long BudgetMax { get; init; }

    /// <summary>Thinks by a level.</summary>
    public bool TakesLevel { get; init; }

    public bool TakesMinimalLevel { get; init; }

    public bool TakesMediumLevel { get; init; } = true;

    /// <summary>Fetches public addresses, takes media in results, and tools beside a form of answer.</summary>
    public bool IsThird { get; init; }
}

/// <summary>Models by the generation and the kind in their names.</summary>
internal static class GeminiModels
{
    public static GeminiModel Of(string name)
    {
        var lower = name.ToLowerInvariant();
        if (lower.Contains("gemma", StringComparison.Ordinal))
        {
            return new GeminiModel { TakesSystem = false };
        }

        var start = lower.IndexOf("gemini-", StringComparison.Ordinal);
        if (start < 0)
        {
            return new GeminiModel();
        }

        // A name without a number is the latest of its kind.
        var version = lower[(start + "gemini-".Length)..].Split('-')[0];
        var generation = double.TryParse(version, CultureInfo.InvariantCulture, out var number) ? number : 3.5;
        var isPro = lower.Contains("pro", StringComparison.Ordinal);
        var isLite = lower.Contains("lite", StringComparison.Ordinal);
        return new GeminiModel
        {
            OutputTokensMax = generation >= 2.5 ? 65_536 : 8192,
            TakesBudget = generation is >= 2.5 and < 3,
            BudgetMin = isPro ? 128 : 0,
            BudgetMax = isPro ? 32_768 : 24_576,
            TakesLevel = generation >= 3,
            TakesMinimalLevel = !isPro && (isLite || generation < 3.7),
            TakesMediumLevel = !isPro || generation > 3,
            IsThird = generation >= 3,
        };
    }
}
