namespace TokenHub.Protocols.Bedrock;

/// <summary>What a model behind Converse takes.</summary>
internal sealed record ConverseModel
{
    /// <summary>Marks up to which a prompt is cached.</summary>
    public bool TakesCachePoints { get; init; }

    /// <summary>Says of a result that it is an error.</summary>
    public bool TakesStatus { get; init; }

    /// <summary>Can be made to call some tool, or a certain one.</summary>
    public bool TakesToolChoice { get; init; }

    /// <summary>How long an id of a call is exactly; 0 when it may be up to 64 characters.</summary>
    public int CallIdChars { get; init; }

    /// <summary>The name under which the model takes <c>top_k</c>, or null.</summary>
    public string? TopK { get; init; }

    /// <summary>Thinks at efforts of OpenAI's words.</summary>
    public bool TakesEffort { get; init; }

    public double TemperatureMax { get; init; } = 1;
}

/// <summary>Models behind Converse by their names, prefixes of regions left aside.</summary>
internal static class ConverseModels
{
    private static readonly (string Part, ConverseModel Model)[] Table =
    [
        ("claude", new() { TakesCachePoints = true, TakesStatus = true, TakesToolChoice = true, TopK = "top_k" }),
        ("amazon.nova", new() { TakesCachePoints = true, TakesStatus = true, TakesToolChoice = true }),
        ("mistral", new() { TakesToolChoice = true, CallIdChars = 9 }),
        ("openai.gpt-oss", new() { TakesEffort = true, TemperatureMax = 2 }),
    ];

    private static readonly ConverseModel Other = new();

    public static ConverseModel Of(string name)
    {
        foreach (var (part, model) in Table)
        {
            if (name.Contains(part, StringComparison.OrdinalIgnoreCase))
            {
                return model;
            }
        }

        return Other;
    }
}
