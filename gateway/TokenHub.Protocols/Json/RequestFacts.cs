using System.Text.Json;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Json;

/// <summary>Things in a request that change its price or where it may go.</summary>
[Flags]
public enum RequestTraits : ushort
{
    None = 0,

    /// <summary>Some block asks to be written to the prompt cache.</summary>
    CacheControl = 1,

    /// <summary>Some block asks for the one-hour cache.</summary>
    CacheOneHour = 2,

    /// <summary>Tools that the provider runs and bills itself, such as web search.</summary>
    ServerTools = 4,

    /// <summary>Output other than text is asked for.</summary>
    MediaOutput = 8,

    /// <summary>The answer is to be made in the background or read from stored state.</summary>
    StoredState = 16,

    /// <summary>A service tier or speed other than the default is asked for.</summary>
    ServiceTier = 32,
}

/// <summary>
/// What one pass over a request body found. Ranges are byte offsets into that body; the default range means absent.
/// </summary>
public readonly record struct RequestFacts
{
    /// <summary>The model's JSON string, quotes included; default for a dialect that carries it in the path.</summary>
    public Range ModelValue { get; init; }

    /// <summary>The value of <c>stream</c>, default when absent.</summary>
    public Range StreamValue { get; init; }

    public bool Stream { get; init; }

    /// <summary>The value of <c>stream_options</c>: an object or null; default when absent.</summary>
    public Range StreamOptionsValue { get; init; }

    /// <summary>The value of <c>stream_options.include_usage</c>; default when absent.</summary>
    public Range IncludeUsageValue { get; init; }

    public bool IncludeUsage { get; init; }

    /// <summary>The largest output limit given, null when none is.</summary>
    public long? MaxOutputTokens { get; init; }

    /// <summary>Answers asked for: the largest of n, best_of and candidateCount; 1 when none is given.</summary>
    public int N { get; init; }

    /// <summary>The string that ties a conversation to a channel: prompt_cache_key, metadata.user_id or
    /// cachedContent; quotes included, default when absent.</summary>
    public Range AffinityValue { get; init; }

    public RequestTraits Traits { get; init; }

    public InputTally Input { get; init; }

    /// <summary>True when <see cref="ModelValue"/> is there.</summary>
    public bool HasModel => ModelValue.End.Value > 0;

    /// <summary>The model's name, unescaped.</summary>
    public string ReadModel(ReadOnlySpan<byte> body) => ReadString(body, ModelValue);

    /// <summary>The model's name as UTF-8: a slice of the body, or of <paramref name="scratch"/> when it is escaped
    /// (<see cref="RequestScanner.ModelBytesMax"/> bytes are enough).</summary>
    public ReadOnlySpan<byte> ModelUtf8(ReadOnlySpan<byte> body, Span<byte> scratch)
    {
        var quoted = body[ModelValue];
        var inner = quoted[1..^1];
        if (!inner.Contains((byte)'\\'))
        {
            return inner;
        }

        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return scratch[..reader.CopyString(scratch)];
    }

    /// <summary>A JSON string of the body, unescaped; empty for the default range.</summary>
    public static string ReadString(ReadOnlySpan<byte> body, Range value)
    {
        if (value.End.Value == 0)
        {
            return "";
        }

        var reader = new Utf8JsonReader(body[value]);
        reader.Read();
        return reader.GetString() ?? "";
    }
}
