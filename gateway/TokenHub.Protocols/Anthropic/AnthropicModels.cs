namespace TokenHub.Protocols.Anthropic;

/// <summary>What a model takes and gives, by its name.</summary>
/// <param name="OutputTokensMax">The most it writes; stands in requests that give no limit.</param>
internal sealed record AnthropicModel(long OutputTokensMax)
{
    /// <summary>Fits every model that is not known.</summary>
    public const long OutputTokensUnknown = 4096;

    /// <summary>The name says which model it is.</summary>
    public bool IsKnown { get; init; }

    /// <summary>Thinks on demand, with a budget of tokens.</summary>
    public bool TakesBudget { get; init; }

    /// <summary>Decides for itself how much it thinks, by an effort.</summary>
    public bool TakesEffort { get; init; }

    public bool TakesExtraHighEffort { get; init; }

    /// <summary>Does not show its thoughts unless it is asked to.</summary>
    public bool HidesThoughts { get; init; }

    /// <summary>Temperature other than 1, top_p and top_k are taken.</summary>
    public bool TakesSampling { get; init; } = true;

    /// <summary>Temperature and top_p are taken together.</summary>
    public bool TakesBothSamplings { get; init; } = true;

    /// <summary>Knows <c>output_config.format</c> and strict tools.</summary>
    public bool TakesFormat { get; init; }

    /// <summary>Knows the role system among the messages.</summary>
    public bool TakesSystemTurns { get; init; }
}

/// <summary>
/// Models by the family and the version in their names, in whatever order and with whatever around them.
/// </summary>
internal static class AnthropicModels
{
    private static readonly string[] Families = ["opus", "sonnet", "haiku", "fable", "instant"];

    public static AnthropicModel Of(string name)
    {
        var start = name.IndexOf("claude", StringComparison.OrdinalIgnoreCase);
        if (start < 0)
        {
            return new AnthropicModel(AnthropicModel.OutputTokensUnknown) { TakesBudget = true };
        }

        var words = name[start..].ToLowerInvariant().Split('-', '.', '@', ':', '_', '/');
        var family = words.FirstOrDefault(word => Families.Contains(word)) ?? "";
        var numbers = words.Where(word => word.Length is 1 or 2).Select(word => int.TryParse(word, out var n) ? n : -1)
            .Where(n => n >= 0).ToList();
        if (numbers.Count == 0)
        {
            return new AnthropicModel(AnthropicModel.OutputTokensUnknown) { TakesBudget = true };
        }

        var version = (numbers[0] * 100) + numbers.ElementAtOrDefault(1);
        return new AnthropicModel(OutputTokensMaxOf(family, version))
        {
            IsKnown = true,
            TakesBudget = version is >= 307 and < 406,
            TakesEffort = version >= 406,
            TakesExtraHighEffort = version >= 407,
            HidesThoughts = version >= 407,
            TakesSampling = version < 407,
            TakesBothSamplings = version < 401,
            TakesFormat = version >= 405,
            TakesSystemTurns = version >= 408,
        };
    }

    private static long OutputTokensMaxOf(string family, int version) => version switch
    {
        >= 406 when family == "haiku" => 64_000,
        >= 406 => 128_000,
        405 => 64_000,
        >= 400 when family == "opus" => 32_000,
        >= 400 => 64_000,
        307 => 64_000,
        305 => 8192,
        _ => AnthropicModel.OutputTokensUnknown,
    };
}
