namespace TokenHub.Gateway.Listening;

/// <summary>A path resolved: the endpoint, and where in the path the model and the channel group stand.</summary>
internal readonly record struct EndpointMatch(Endpoint Endpoint, Range Model, Range Group);

/// <summary>
/// Finds the endpoint of a raw path (no query, not decoded). Fixed paths are told apart by length first. Any of them
/// may stand below <c>/{group}</c>, and below a second <c>/v1</c>: a base URL ending in /v1 makes clients call that.
/// </summary>
internal static class EndpointTable
{
    private const int GroupCharsMax = 64;

    public const string SupportedPaths =
        "POST /v1/chat/completions, /v1/responses, /v1/messages, /v1/messages/count_tokens, "
        + "/v1/responses/input_tokens, /v1/embeddings, /v1/rerank, /v1/images/generations, /v1/images/edits, "
        + "/v1/images/variations, /v1/audio/speech, /v1/audio/transcriptions, /v1/audio/translations, "
        + "/v1beta/models/{model}:generateContent, :streamGenerateContent and :countTokens; "
        + "GET /v1/models, /v1/models/{id}, /v1beta/models, /healthz, /readyz, /metrics";

    public static EndpointMatch Find(ReadOnlySpan<char> path)
    {
        // A base URL with a trailing slash makes clients call //v1/...
        var at = 0;
        while (path.Length > at + 1 && path[at] == '/' && path[at + 1] == '/')
        {
            at++;
        }

        var direct = FindAt(path, at);
        if (direct.Endpoint != Endpoint.Unknown)
        {
            return direct;
        }

        var groupLength = path.Length > at ? path[(at + 1)..].IndexOf('/') : -1;
        if (groupLength is < 1 or > GroupCharsMax || !IsGroup(path.Slice(at + 1, groupLength)))
        {
            return default;
        }

        var below = FindAt(path, at + 1 + groupLength);
        return below.Endpoint == Endpoint.Unknown ? default : below with { Group = (at + 1)..(at + 1 + groupLength) };
    }

    private static EndpointMatch FindAt(ReadOnlySpan<char> whole, int at)
    {
        if (whole[at..].StartsWith("/v1/v1"))
        {
            at += 3;
        }

        var path = whole[at..];
        var endpoint = FindFixed(path);
        if (endpoint != Endpoint.Unknown)
        {
            return new EndpointMatch(endpoint, default, default);
        }

        var isBeta = path.StartsWith("/v1beta/models/");
        if (!isBeta && !path.StartsWith("/v1/models/"))
        {
            return default;
        }

        var start = at + (isBeta ? "/v1beta/models/".Length : "/v1/models/".Length);
        var (verb, modelLength) = FindVerb(whole[start..]);
        if (verb == Endpoint.Unknown)
        {
            verb = isBeta ? Endpoint.GeminiModel : Endpoint.Model;
        }

        return modelLength == 0 ? default : new EndpointMatch(verb, start..(start + modelLength), default);
    }

    private static Endpoint FindFixed(ReadOnlySpan<char> path) => path.Length switch
    {
        6 when path.SequenceEqual("/livez") => Endpoint.Health,
        7 when path.SequenceEqual("/readyz") => Endpoint.Ready,
        7 when path.SequenceEqual("/health") => Endpoint.Health,
        8 when path.SequenceEqual("/healthz") => Endpoint.Health,
        8 when path.SequenceEqual("/metrics") => Endpoint.Metrics,
        10 when path.SequenceEqual("/v1/models") => Endpoint.Models,
        12 when path.SequenceEqual("/v1/messages") => Endpoint.Messages,
        13 when path.SequenceEqual("/v1/responses") => Endpoint.Responses,
        14 when path.SequenceEqual("/v1beta/models") => Endpoint.GeminiModels,
        17 when path.SequenceEqual("/health/readiness") => Endpoint.Ready,
        19 when path.SequenceEqual("/health/liveliness") => Endpoint.Health,
        20 when path.SequenceEqual("/v1/chat/completions") => Endpoint.ChatCompletions,
        25 when path.SequenceEqual("/v1/messages/count_tokens") => Endpoint.MessagesCountTokens,
        10 when path.SequenceEqual("/v1/rerank") => Endpoint.Rerank,
        14 when path.SequenceEqual("/v1/embeddings") => Endpoint.Embeddings,
        16 when path.SequenceEqual("/v1/images/edits") => Endpoint.ImageEdits,
        16 when path.SequenceEqual("/v1/audio/speech") => Endpoint.Speech,
        22 when path.SequenceEqual("/v1/images/generations") => Endpoint.Images,
        21 when path.SequenceEqual("/v1/images/variations") => Endpoint.ImageVariations,
        22 when path.SequenceEqual("/v1/audio/translations") => Endpoint.Translations,
        24 when path.SequenceEqual("/v1/audio/transcriptions") => Endpoint.Transcriptions,
        26 when path.SequenceEqual("/v1/responses/input_tokens") => Endpoint.ResponsesInputTokens,
        _ => Endpoint.Unknown,
    };

    // {model}:{verb}, where a client may have written the colon as %3A. The model itself is decoded by GeminiPath.
    private static (Endpoint Verb, int ModelLength) FindVerb(ReadOnlySpan<char> rest)
    {
        var colon = rest.LastIndexOf(':');
        var width = 1;
        if (colon < 0)
        {
            colon = rest.LastIndexOf("%3A", StringComparison.OrdinalIgnoreCase);
            width = 3;
        }

        // A colon without a known verb belongs to the name: ft:gpt-4o:org.
        var verb = colon < 0 ? Endpoint.Unknown : rest[(colon + width)..] switch
        {
            "generateContent" => Endpoint.GeminiGenerate,
            "streamGenerateContent" => Endpoint.GeminiStream,
            "countTokens" => Endpoint.GeminiCountTokens,
            _ => Endpoint.Unknown,
        };
        return (verb, verb == Endpoint.Unknown ? rest.Length : colon);
    }

    private static bool IsGroup(ReadOnlySpan<char> segment)
    {
        foreach (var c in segment)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return segment is not ("." or ".." or "v1" or "v1beta");
    }
}
