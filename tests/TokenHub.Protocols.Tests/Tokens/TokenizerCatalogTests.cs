using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Tests.Tokens;

public sealed class TokenizerCatalogTests
{
    [Theory]
    [InlineData("gpt-4o", TokenEncoding.O200k)]
    [InlineData("gpt-4o-mini-2024-07-18", TokenEncoding.O200k)]
    [InlineData("chatgpt-4o-latest", TokenEncoding.O200k)]
    [InlineData("GPT-4.1-nano", TokenEncoding.O200k)]
    [InlineData("gpt-5", TokenEncoding.O200k)]
    [InlineData("gpt-5.2-codex", TokenEncoding.O200k)]
    [InlineData("openai/gpt-5-mini", TokenEncoding.O200k)]
    [InlineData("ft:gpt-4o-mini:org::id", TokenEncoding.O200k)]
    [InlineData("o1", TokenEncoding.O200k)]
    [InlineData("o3-mini", TokenEncoding.O200k)]
    [InlineData("o4-mini-2025-04-16", TokenEncoding.O200k)]
    [InlineData("gpt-4", TokenEncoding.Cl100k)]
    [InlineData("gpt-4-turbo", TokenEncoding.Cl100k)]
    [InlineData("gpt-4-0613", TokenEncoding.Cl100k)]
    [InlineData("gpt-3.5-turbo", TokenEncoding.Cl100k)]
    [InlineData("text-embedding-3-small", TokenEncoding.Cl100k)]
    [InlineData("o1x", TokenEncoding.ByteClass)]
    [InlineData("gpt-40", TokenEncoding.ByteClass)]
    [InlineData("claude-sonnet-4-5", TokenEncoding.ByteClass)]
    [InlineData("gemini-2.5-flash", TokenEncoding.ByteClass)]
    [InlineData("", TokenEncoding.ByteClass)]
    public void Model_is_counted_by_its_own_vocabulary(string model, TokenEncoding encoding)
    {
        Assert.Equal(encoding, TokenizerCatalog.EncodingOf(model));
        Assert.Equal(
            encoding == TokenEncoding.ByteClass,
            TokenizerCatalog.CreateCounter(TokenizerCatalog.EncodingOf(model)) is ByteClassCounter);
    }
}
