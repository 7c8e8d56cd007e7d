using System.Text;
using TokenHub.Gateway.Forwarding;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

public sealed class RedactorTests
{
    private static readonly UpstreamChannel Channel =
        new(Entries.Channel(1, "https://relay.private-host.example:8443/x"), Entries.Box);

    [Theory]
    [InlineData("Incorrect API key provided: sk-proj-abcd1234efgh5678.", "abcd1234")]
    [InlineData("Incorrect API key provided: sk-abc***************wxyz.", "wxyz")]
    [InlineData("key sk-upstream-secret-0123456789 is bad", "secret-0123456789")]
    [InlineData("API key AIzaSyA1234567890abcdefghijk invalid", "1234567890")]
    [InlineData("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc", "zdWIi")]
    [InlineData("Rate limit reached for gpt-4o in organization org-Ab12Cd34Ef56 on tokens", "Ab12Cd34Ef56")]
    [InlineData("project proj_Xy12Zw34 is archived", "Xy12Zw34")]
    [InlineData("consumer 'projects/123456789012' has no quota", "123456789012")]
    [InlineData("arn:aws:iam::123456789012:user/bob", "123456789012")]
    [InlineData("AKIAIOSFODNN7EXAMPLE", "FODNN7")]
    [InlineData("connect to relay.private-host.example:8443 failed", "private-host")]
    [InlineData("token 0123456789abcdef0123456789abcdef0123456789abcdef", "89abcdef")]
    public void Secret_and_account_are_masked_in_place(string text, string secret)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Redactor.Mask(bytes, Channel);

        var masked = Encoding.UTF8.GetString(bytes);
        Assert.Equal(text.Length, masked.Length);
        Assert.DoesNotContain(secret, masked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":{"message":"The model `gpt-4o-2024-11-20` does not exist.","type":"invalid_request_error"}}""")]
    [InlineData("""{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: 200000 > 64000, which is the maximum for claude-sonnet-4-5-20250929"},"request_id":"req_011CSHoEeqs5C35K2UUqR7Fy"}""")]
    [InlineData("""{"error":{"code":400,"message":"Unknown name \"foo\" at 'generation_config': Cannot find field.","status":"INVALID_ARGUMENT"}}""")]
    [InlineData("prompt is too long: 210000 tokens > 200000 maximum")]
    [InlineData("See https://platform.openai.com/docs/guides/error-codes for more. The organization has no user-defined limits.")]
    [InlineData("messages.3.content.0: task-based risk-averse ask-me sk- org- Bearer token")]
    public void Ordinary_words_stay(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);

        Redactor.Mask(bytes, Channel);

        Assert.Equal(text, Encoding.UTF8.GetString(bytes));
    }
}
