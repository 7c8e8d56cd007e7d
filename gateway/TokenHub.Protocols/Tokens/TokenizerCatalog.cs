namespace TokenHub.Protocols.Tokens;

/// <summary>Which models are counted exactly, by the beginnings of their names.</summary>
public static class TokenizerCatalog
{
    private static readonly (string Prefix, TokenEncoding Encoding)[] Prefixes =
    [
        ("gpt-4o", TokenEncoding.O200k), ("chatgpt-4o", TokenEncoding.O200k), ("gpt-4.1", TokenEncoding.O200k),
        ("gpt-4.5", TokenEncoding.O200k), ("gpt-5", TokenEncoding.O200k), ("gpt-oss", TokenEncoding.O200k),
        ("o1", TokenEncoding.O200k), ("o3", TokenEncoding.O200k), ("o4", TokenEncoding.O200k),
        ("codex-", TokenEncoding.O200k),
        ("gpt-4", TokenEncoding.Cl100k), ("gpt-3.5", TokenEncoding.Cl100k), ("gpt-35", TokenEncoding.Cl100k),
        ("text-embedding-3", TokenEncoding.Cl100k), ("text-embedding-ada-002", TokenEncoding.Cl100k),
    ];

    /// <summary>The encoding of a model; a maker's name before a slash and <c>ft:</c> are looked past.</summary>
    public static TokenEncoding EncodingOf(ReadOnlySpan<char> model)
    {
        model = model[(model.LastIndexOf('/') + 1)..];
        model = model.StartsWith("ft:", StringComparison.OrdinalIgnoreCase) ? model[3..] : model;
        foreach (var (prefix, encoding) in Prefixes)
        {
            if (model.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) && IsWhole(model, prefix))
            {
                return encoding;
            }
        }

        return TokenEncoding.ByteClass;
    }

    /// <summary>A new counter for an encoding.</summary>
    public static IncrementalCounter CreateCounter(TokenEncoding encoding) =>
        encoding == TokenEncoding.ByteClass ? new ByteClassCounter() : new BpeCounter(encoding);

    /// <summary>Reads the vocabularies now, so that no request waits for them.</summary>
    public static void Preload()
    {
        BpeTokenizer.Of(TokenEncoding.O200k);
        BpeTokenizer.Of(TokenEncoding.Cl100k);
    }

    // o1 is a model and so is o1-mini, but o1x is not one of them.
    private static bool IsWhole(ReadOnlySpan<char> model, string prefix) =>
        model.Length == prefix.Length || prefix[^1] == '-' || !char.IsAsciiLetterOrDigit(model[prefix.Length]);
}
