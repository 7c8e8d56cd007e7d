namespace TokenHub.MockUpstream;

/// <summary>What a path asks for.</summary>
public enum MockVerb
{
    Unknown = 0,
    Generate,
    GenerateStream,
    CountTokens,
    Health,
    Stats,
    ResetStats,
}

/// <summary>
/// A path's meaning. Ends of paths are compared, so that a base address with or without a version in it works alike.
/// </summary>
public readonly record struct MockRoute(MockVerb Verb, MockDialect Dialect, string? PathModel = null)
{
    public static MockRoute Of(string method, string path) => (method, path) switch
    {
        ("GET", "/healthz") => new(MockVerb.Health, default),
        ("GET", "/stats") => new(MockVerb.Stats, default),
        ("POST", "/stats/reset") => new(MockVerb.ResetStats, default),
        ("POST", _) => OfCall(path),
        _ => default,
    };

    private static MockRoute OfCall(string path) =>
        path.EndsWith("/chat/completions", StringComparison.Ordinal) ? new(MockVerb.Generate, MockDialect.Chat)
        : path.EndsWith("/responses", StringComparison.Ordinal) ? new(MockVerb.Generate, MockDialect.Responses)
        : path.EndsWith("/responses/input_tokens", StringComparison.Ordinal)
            ? new(MockVerb.CountTokens, MockDialect.Responses)
        : path.EndsWith("/messages", StringComparison.Ordinal) ? new(MockVerb.Generate, MockDialect.Messages)
        : path.EndsWith("/messages/count_tokens", StringComparison.Ordinal)
            ? new(MockVerb.CountTokens, MockDialect.Messages)
        : OfGemini(path);

    private static MockRoute OfGemini(string path)
    {
        var from = path.LastIndexOf("/models/", StringComparison.Ordinal) + "/models/".Length;
        var colon = path.LastIndexOf(':');
        if (from < "/models/".Length || colon < from)
        {
            return default;
        }

        var verb = path.AsSpan(colon + 1) switch
        {
            "generateContent" => MockVerb.Generate,
            "streamGenerateContent" => MockVerb.GenerateStream,
            "countTokens" => MockVerb.CountTokens,
            _ => MockVerb.Unknown,
        };
        return new MockRoute(verb, MockDialect.Gemini, path[from..colon]);
    }
}
