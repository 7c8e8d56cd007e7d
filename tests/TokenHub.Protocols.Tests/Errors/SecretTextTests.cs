using TokenHub.Protocols.Errors;

namespace TokenHub.Protocols.Tests.Errors;

public sealed class SecretTextTests
{
    [Theory]
    [InlineData("Incorrect API key provided: sk-proj-AbC123_xyz-9876543210.", "Incorrect API key provided: [redacted]")]
    [InlineData("key sk-ant-api03-AAAAAAAAAAAA is invalid", "key [redacted] is invalid")]
    [InlineData("Bearer abcdefgh12345678", "[redacted]")]
    [InlineData("?key=AIzaSyA1234567890&alt=sse", "?[redacted]&alt=sse")]
    [InlineData("for user_2abcDEFghi in org-1234567890", "for [redacted] in [redacted]")]
    [InlineData("token eyJhbGciOi.eyJzdWIi.c2ln", "token [redacted]")]
    [InlineData("AKIAIOSFODNN7EXAMPLE", "[redacted]")]
    public void Credentials_and_account_ids_are_taken_out(string text, string clean) =>
        Assert.Equal(clean, SecretText.Redact(text));

    [Theory]
    [InlineData("")]
    [InlineData("The model `gpt-5.2-proo` does not exist.")]
    [InlineData("risk-free sk-1 task-force, user_id, org- and key=1")]
    [InlineData("messages[0].role: claude-sonnet-4-5-20250929")]
    [InlineData("prompt is too long: 200001 tokens > 200000 maximum")]
    public void Ordinary_words_stay(string text) => Assert.Same(text, SecretText.Redact(text));
}
