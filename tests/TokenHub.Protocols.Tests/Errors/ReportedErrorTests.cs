using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Errors;

namespace TokenHub.Protocols.Tests.Errors;

public sealed class ReportedErrorTests
{
    [Theory]
    [InlineData("""{"error":{"message":"Bad value.","type":"invalid_request_error","param":"n","code":"unsupported_value"}}""", 400, "Bad value.", ErrorKind.InvalidRequest)]
    [InlineData("""{"type":"error","error":{"type":"invalid_request_error","message":"messages: required"},"request_id":"req_1"}""", 400, "messages: required", ErrorKind.InvalidRequest)]
    [InlineData("""{"error":{"code":400,"message":"Unknown name.","status":"INVALID_ARGUMENT","details":[]}}""", 400, "Unknown name.", ErrorKind.InvalidRequest)]
    [InlineData("""[{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED"}}]""", 429, "Quota.", ErrorKind.RateLimit)]
    [InlineData("""{"message":"Malformed input request."}""", 400, "Malformed input request.", ErrorKind.InvalidRequest)]
    [InlineData("""{"Message":"Too many."}""", 429, "Too many.", ErrorKind.RateLimit)]
    [InlineData("""{"message":"Input is too long for requested model."}""", 400, "Input is too long for requested model.", ErrorKind.ContextTooLong)]
    [InlineData("""{"error":{"message":"Provider returned error","code":400,"metadata":{"provider_name":"X","raw":"{\"error\":{\"message\":\"tools.0: bad\",\"type\":\"invalid_request_error\"}}"}},"user_id":"user_1"}""", 400, "tools.0: bad", ErrorKind.InvalidRequest)]
    [InlineData("""{"error":{"code":400,"message":"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 210000 tokens > 200000 maximum\"}}","status":"INVALID_ARGUMENT"}}""", 400, "prompt is too long: 210000 tokens > 200000 maximum", ErrorKind.ContextTooLong)]
    [InlineData("""{"type":"response.failed","response":{"status":"failed","error":{"code":"context_length_exceeded","message":"Your input exceeds the context window of this model."}}}""", 200, "Your input exceeds the context window of this model.", ErrorKind.ContextTooLong)]
    [InlineData("""{"error":"model 'x' not found"}""", 404, "model 'x' not found", ErrorKind.UnknownModel)]
    [InlineData("""{"object":"error","message":"no such thing","type":"BadRequestError","code":400}""", 400, "no such thing", ErrorKind.InvalidRequest)]
    [InlineData("""{"detail":[{"loc":["body"],"msg":"field required"}]}""", 422, "field required", ErrorKind.InvalidRequest)]
    [InlineData("""{"error":{"type":"overloaded_error","message":"Overloaded"}}""", 200, "Overloaded", ErrorKind.Overloaded)]
    [InlineData("""<html>no</html>""", 400, null, ErrorKind.InvalidRequest)]
    [InlineData("""{}""", 500, null, ErrorKind.Server)]
    public void Error_of_any_shape_gives_words_and_kind(string body, int status, string? message, ErrorKind kind)
    {
        var told = ReportedError.Parse(Encoding.UTF8.GetBytes(body));

        Assert.Equal(message, told.Message);
        Assert.Equal(kind, told.KindOf(status));
    }

    [Fact]
    public void Wait_in_the_body_is_found()
    {
        var told = ReportedError.Parse(
            """{"error":{"code":429,"message":"q","details":[{"@type":"x"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}"""u8.ToArray());

        Assert.Equal(34_400, told.RetryAfterMs);
    }

    [Theory]
    [InlineData("Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM): Limit 30000, Used 29000. Please try again in 1.2s. Visit", 1_200)]
    [InlineData("Please retry after 20 seconds.", 20_000)]
    [InlineData("Please try again in 6m0s.", 360_000)]
    [InlineData("try again in 250ms", 250)]
    [InlineData("Retry in 1h2m3.5s", 3_723_500)]
    [InlineData("Please retry in 34.4s.", 34_400)]
    [InlineData("Wait for about 2 minutes before you go on", 120_000)]
    [InlineData("try again in 5 moments", 0)]
    [InlineData("try again later", 0)]
    [InlineData("try again in 999999 hours", 0)]
    [InlineData("Limit 30000, used 29000", 0)]
    public void Wait_in_a_sentence_is_found(string message, int ms)
    {
        var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { error = new { message } });

        Assert.Equal(ms, ReportedError.Parse(body).RetryAfterMs);
        Assert.Equal(ms, ReportedError.Parse(body).RetryAfterMs);
    }

    [Theory]
    [InlineData("This model's maximum context length is 128000 tokens. However, your messages resulted in 150000 tokens.", 150000, 128000)]
    [InlineData("This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).", 9000, 8192)]
    [InlineData("prompt is too long: 210000 tokens > 200000 maximum", 210000, 200000)]
    [InlineData("input length and `max_tokens` exceed context limit: 186433 + 20000 > 200000", 206433, 200000)]
    [InlineData("The input token count (1,200,000) exceeds the maximum number of tokens allowed (1048576).", 1200000, 1048576)]
    [InlineData("Input tokens exceed the configured limit of 272000 tokens.", 272001, 272000)]
    public void Words_for_a_context_that_is_exceeded_are_the_clients_own(string upstream, long had, long most)
    {
        Assert.True(ContextWords.AreIn(upstream));
        Assert.Equal($"prompt is too long: {had} tokens > {most} maximum", ContextWords.For(Dialect.Anthropic, upstream, 5, null));
        Assert.Equal(
            $"The input token count ({had}) exceeds the maximum number of tokens allowed ({most}).",
            ContextWords.For(Dialect.Gemini, upstream, 5, null));
        Assert.StartsWith(
            $"This model's maximum context length is {most} tokens. However, your messages resulted in {had} tokens.",
            ContextWords.For(Dialect.Chat, upstream, 5, null), StringComparison.Ordinal);
    }

    [Fact]
    public void Words_say_what_is_known_when_the_upstream_gave_no_numbers()
    {
        const string Upstream = "Input is too long for requested model.";

        Assert.Equal("prompt is too long: 300 tokens > 200 maximum", ContextWords.For(Dialect.Anthropic, Upstream, 300, 200));
        Assert.StartsWith("prompt is too long", ContextWords.For(Dialect.Anthropic, Upstream, 300, null), StringComparison.Ordinal);
        Assert.False(ContextWords.AreIn("max_tokens must be at most 8192"));
    }
}
