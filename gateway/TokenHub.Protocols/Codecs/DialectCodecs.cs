using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Gemini;
using TokenHub.Protocols.OpenAi;
using TokenHub.Protocols.Responses;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// The codecs of one dialect. A dialect that only upstreams speak reads no requests and writes no answers.
/// </summary>
public sealed record DialectCodecs
{
    public IRequestReader? RequestReader { get; init; }

    public required IRequestWriter RequestWriter { get; init; }

    /// <summary>Makes a reader for an upstream's answers, streams and bodies.</summary>
    public required Func<AnswerDecoder> NewDecoder { get; init; }

    public Func<AnswerEncoder>? NewStreamEncoder { get; init; }

    public Func<AnswerEncoder>? NewBodyEncoder { get; init; }

    public static DialectCodecs Of(Dialect dialect) => dialect switch
    {
        Dialect.Chat => OpenAiCodecs.Table,
        Dialect.Responses => ResponsesCodecs.Table,
        Dialect.Anthropic => AnthropicCodecs.Table,
        Dialect.Gemini => GeminiCodecs.Table,
        Dialect.Converse => ConverseCodecs.Table,
        _ => throw new ArgumentOutOfRangeException(nameof(dialect), dialect, "Not a dialect that is translated."),
    };
}
