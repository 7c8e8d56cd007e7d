using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Tests.Upstreams;

public sealed class ClaudeBodyTests
{
    [Theory]
    [InlineData("""{"model":"m","max_tokens":5,"stream":true,"messages":[]}""", ""","max_tokens":5,"messages":[]""")]
    [InlineData("""{ "messages" : [ {"model":"x","stream":1} ] , "stream" : false, "model" : "m" }""", ""","messages" : [ {"model":"x","stream":1} ]""")]
    [InlineData("""{"model":"m"}""", "")]
    [InlineData("""{"anthropic_version":"x","a":1.50,"model":"m"}""", ""","a":1.50""")]
    [InlineData("""{"a":"é\u00e9\n"}""", ""","a":"é\u00e9\n" """)]
    [InlineData("""{}""", "")]
    public void Bedrock_gets_the_body_without_model_and_stream_and_every_other_byte_as_it_was(string body, string rest)
    {
        Assert.Equal(
            """{"anthropic_version":"bedrock-2023-05-31" """.TrimEnd() + rest.TrimEnd() + "}",
            Write(BodyForm.BedrockClaude, body));
    }

    [Theory]
    [InlineData(UpstreamCall.Stream, """{"anthropic_version":"vertex-2023-10-16","stream":true,"max_tokens":5}""")]
    [InlineData(UpstreamCall.CountTokens, """{"anthropic_version":"vertex-2023-10-16","model":"m","stream":true,"max_tokens":5}""")]
    public void Vertex_gets_the_body_without_model_but_for_counting(UpstreamCall what, string expected)
    {
        Assert.Equal(expected, Write(BodyForm.VertexClaude, """{"model":"m","stream":true,"max_tokens":5}""", "context-1m-2025-08-07", null, what));
    }

    [Theory]
    [InlineData("{}", "context-1m-2025-08-07, claude-code-20250219", null, """["context-1m-2025-08-07"]""")]
    [InlineData("{}", "claude-code-20250219", null, null)]
    [InlineData("{}", null, "own-1,own-2", """["own-1","own-2"]""")]
    [InlineData("""{"anthropic_beta":["body-1",{"x":[1]},"context-1m-2025-08-07"],"z":1}""", "context-1m-2025-08-07", "own-1", """["context-1m-2025-08-07","own-1","body-1"]""")]
    [InlineData("""{"anthropic_beta":"text","z":1}""", null, null, null)]
    [InlineData("""{"anthropic_beta":[]}""", "", "", null)]
    public void Betas_move_from_the_header_into_bedrocks_body(string body, string? header, string? own, string? expected)
    {
        using var document = JsonDocument.Parse(Write(BodyForm.BedrockClaude, body, header, own));

        Assert.Equal(expected is not null, document.RootElement.TryGetProperty("anthropic_beta", out var betas));
        Assert.Equal(expected, expected is null ? null : betas.GetRawText());
        Assert.Equal(body.Contains("\"z\"", StringComparison.Ordinal), document.RootElement.TryGetProperty("z", out _));
    }

    [Fact]
    public void Betas_that_bedrock_is_not_told_are_known() =>
        Assert.Equal(["claude-code-20250219", "x"], ClaudeBody.DroppedBetas("claude-code-20250219,effort-2025-11-24, x"));

    private static string Write(
        BodyForm form, string body, string? betas = null, string? own = null, UpstreamCall what = UpstreamCall.Whole)
    {
        var writer = new ArrayBufferWriter<byte>();
        ClaudeBody.Write(form, what, Encoding.UTF8.GetBytes(body), betas, own, writer);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }
}
