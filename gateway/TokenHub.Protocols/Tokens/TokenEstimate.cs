using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Tokens;

/// <summary>
/// Input tokens of a request before it is sent, from one pass over its bytes: good enough to hold money by, never to
/// charge by. Ten per cent are added, because a hold that is too small costs a second call.
/// </summary>
public static class TokenEstimate
{
    // ASCII bytes a token: 3.6, measured on recorded requests; the weights of other scripts are not measured.
    private const long AsciiBytesPer10Tokens = 36;

    // A tile picture of the largest size OpenAI sends to a model; Anthropic's and Gemini's own maximum.
    private const long OpenAiImageTokens = 1445;
    private const long AnthropicImageTokens = 1600;
    private const long GeminiImageTokens = 1120;

    // Text of a full page and its picture.
    private const long OpenAiPageTokens = 2500;
    private const long AnthropicPageTokens = 3000;
    private const long GeminiPageTokens = 560;

    // 32 tokens a second of audio at 4 kB, 263 a second of video at 100 kB: low bit rates, so that the guess is high.
    private const long AudioBytesPerToken = 125;
    private const long VideoBytesPerToken = 380;

    private const long AnthropicToolBase = 500;
    private const long OpenAiToolBase = 12;

    /// <summary>Tokens to hold for the input, at least 1.</summary>
    public static long Of(in RequestFacts facts, Dialect dialect)
    {
        var tokens = Plain(facts.Input, dialect);
        return Math.Max(1, tokens + (tokens + 9) / 10);
    }

    /// <summary>The same estimate without the addition.</summary>
    public static long Plain(in InputTally input, Dialect dialect)
    {
        var (perMessage, toolBase, image, page) = dialect switch
        {
            Dialect.Anthropic => (10L, AnthropicToolBase, AnthropicImageTokens, AnthropicPageTokens),
            Dialect.Gemini => (1L, 0L, GeminiImageTokens, GeminiPageTokens),
            _ => (4L, OpenAiToolBase, OpenAiImageTokens, OpenAiPageTokens),
        };
        var text = OfText(input) + DivideUp(input.ToolBytes * 10, AsciiBytesPer10Tokens);
        var media = image * input.Images + page * input.Pages
            + DivideUp(input.AudioBytes, AudioBytesPerToken) + DivideUp(input.VideoBytes, VideoBytesPerToken);
        return text + media + input.TokenIds + perMessage * input.Messages
            + (input.HasTools ? toolBase : 0);
    }

    /// <summary>Tokens of the text alone.</summary>
    public static long OfText(in InputTally text) => DivideUp(text.AsciiBytes * 10, AsciiBytesPer10Tokens)
        + text.WideChars + DivideUp(text.TwoByteChars, 2) + 2 * text.FourByteChars;

    private static long DivideUp(long value, long divisor) => (value + divisor - 1) / divisor;
}
