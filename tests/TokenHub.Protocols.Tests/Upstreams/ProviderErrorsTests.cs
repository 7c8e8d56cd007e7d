using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Tests.Upstreams;

public sealed class ProviderErrorsTests
{
    private const string Anthropic = """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}""";

    [Theory]
    [InlineData(Provider.Bedrock, 400, "ValidationException:http://x", """{"message":"The provided model identifier is invalid."}""", "invalid_request_error", "The provided model identifier is invalid.")]
    [InlineData(Provider.Bedrock, 429, "ThrottlingException", """{"message":"Slow."}""", "rate_limit_error", "Slow.")]
    [InlineData(Provider.Bedrock, 403, null, """{"Message":"No."}""", "permission_error", "No.")]
    [InlineData(Provider.Bedrock, 424, "com.amazon#ModelErrorException", """{"message":"Broke."}""", "api_error", "Broke.")]
    [InlineData(Provider.Bedrock, 503, null, "<html>", "overloaded_error", "The upstream answered 503.")]
    [InlineData(Provider.Bedrock, 500, null, "", "api_error", "The upstream answered 500.")]
    [InlineData(Provider.Vertex, 429, null, """{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED"}}""", "rate_limit_error", "Quota.")]
    [InlineData(Provider.Vertex, 429, null, """[{"error":{"code":429,"message":"Quota."}}]""", "rate_limit_error", "Quota.")]
    [InlineData(Provider.Vertex, 400, null, """{"error":{"code":400,"message":"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long\"}}"}}""", "invalid_request_error", "prompt is too long")]
    [InlineData(Provider.Vertex, 400, null, """{"error":{"code":400,"message":"odd {brace"}}""", "invalid_request_error", "odd {brace")]
    public void Provider_s_own_error_comes_out_as_anthropics(
        Provider provider, int status, string? exception, string body, string type, string message)
    {
        foreach (var cut in Enumerable.Range(0, body.Length + 1))
        {
            using var document = JsonDocument.Parse(Read(provider, status, exception, body, cut));
            Assert.Equal("error", document.RootElement.GetProperty("type").GetString());
            var error = document.RootElement.GetProperty("error");
            Assert.Equal((type, message), (error.GetProperty("type").GetString(), error.GetProperty("message").GetString()));
        }
    }

    [Theory]
    [InlineData(Provider.Bedrock, Anthropic)]
    [InlineData(Provider.Vertex, Anthropic)]
    [InlineData(Provider.Vertex, "<html>")]
    public void Error_in_anthropics_form_passes_as_it_is(Provider provider, string body) =>
        Assert.Equal(body, Read(provider, 400, null, body, 3));

    [Fact]
    public void Endless_error_is_read_to_a_bound()
    {
        var error = new ProviderErrors(Provider.Bedrock, 500, null);
        var output = new ArrayBufferWriter<byte>();
        for (var i = 0; i < 100; i++)
        {
            error.Append(new byte[10_000], output);
        }

        Assert.True(error.Complete(output));
        Assert.InRange(output.WrittenCount, 1, 200);
    }

    private static string Read(Provider provider, int status, string? exception, string body, int cut)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        cut = Math.Min(cut, bytes.Length);
        var error = new ProviderErrors(provider, status, exception);
        var output = new ArrayBufferWriter<byte>();
        error.Append(bytes.AsSpan(0, cut), output);
        error.Append(bytes.AsSpan(cut), output);
        Assert.True(error.Complete(output));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
