using System.Buffers;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Upstreams;

/// <summary>
/// Changes a Messages request for Claude behind another provider: a few members of the root go or come, every other
/// byte stays as it was written.
/// </summary>
public static class ClaudeBody
{
    private const int DepthMax = 1024;

    // Bedrock refuses a whole request for one beta that it does not know. These it lists; what an operator knows to be
    // taken besides he gives as the channel's own header.
    private static readonly string[] BedrockBetas =
    [
        "computer-use-2024-10-22", "computer-use-2025-01-24", "computer-use-2025-11-24",
        "token-efficient-tools-2025-02-19", "interleaved-thinking-2025-05-14", "output-128k-2025-02-19",
        "dev-full-thinking-2025-05-14", "context-1m-2025-08-07", "context-management-2025-06-27",
        "effort-2025-11-24", "tool-search-tool-2025-10-19", "tool-examples-2025-10-29", "compact-2026-01-12",
    ];

    /// <param name="betas">The client's <c>anthropic-beta</c> header, or null.</param>
    /// <param name="ownBetas">The channel's own, sent whether they are known or not.</param>
    public static void Write(
        BodyForm form,
        UpstreamCall what,
        ReadOnlySpan<byte> body,
        string? betas,
        string? ownBetas,
        IBufferWriter<byte> writer)
    {
        var isBedrock = form == BodyForm.BedrockClaude;
        writer.Write(isBedrock
            ? "{\"anthropic_version\":\"bedrock-2023-05-31\""u8
            : "{\"anthropic_version\":\"vertex-2023-10-16\""u8);
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = DepthMax });
        List<string> wanted = isBedrock ? [.. Split(betas).Where(IsKnown), .. Split(ownBetas)] : [];
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)json.TokenStartIndex;
            var isBetas = isBedrock && json.NameIs("anthropic_beta"u8);
            var isDropped = isBetas || IsDropped(json, isBedrock, what);
            json.Read();
            if (isBetas)
            {
                ReadBetas(ref json, wanted);
            }

            json.Skip();
            if (!isDropped)
            {
                writer.Write(","u8);
                writer.Write(body[start..(int)json.BytesConsumed]);
            }
        }

        WriteBetas(wanted, writer);
        writer.Write("}"u8);
    }

    /// <summary>The betas of a client's header that Bedrock is not told.</summary>
    public static IEnumerable<string> DroppedBetas(string? header) => Split(header).Where(beta => !IsKnown(beta));

    private static bool IsDropped(in Utf8JsonReader json, bool isBedrock, UpstreamCall what) =>
        json.NameIs("anthropic_version"u8)
        || (json.NameIs("model"u8) && what != UpstreamCall.CountTokens)
        || (isBedrock && json.NameIs("stream"u8));

    private static bool IsKnown(string beta) => Array.IndexOf(BedrockBetas, beta) >= 0;

    private static string[] Split(string? header) =>
        header?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    // Whoever writes the array himself knows Bedrock. Reads up to its end.
    private static void ReadBetas(ref Utf8JsonReader json, List<string> betas)
    {
        if (json.TokenType != JsonTokenType.StartArray)
        {
            return;
        }

        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType == JsonTokenType.String)
            {
                betas.Add(json.GetString()!);
            }

            json.Skip();
        }
    }

    private static void WriteBetas(List<string> betas, IBufferWriter<byte> writer)
    {
        var isFirst = true;
        foreach (var beta in betas.Distinct(StringComparer.Ordinal))
        {
            writer.Write(isFirst ? ",\"anthropic_beta\":["u8 : ","u8);
            JsonText.Write(writer, beta);
            isFirst = false;
        }

        writer.Write(isFirst ? ""u8 : "]"u8);
    }
}
