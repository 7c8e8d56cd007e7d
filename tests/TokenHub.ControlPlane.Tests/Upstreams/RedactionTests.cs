using TokenHub.ControlPlane.Upstreams;

namespace TokenHub.ControlPlane.Tests.Upstreams;

public sealed class RedactionTests
{
    [Theory]
    [InlineData("model not found", "model not found")]
    [InlineData("Incorrect API key provided: sk-abcdefghijklmnop.", "***")]
    [InlineData("Incorrect API key provided: sk-ab***********mnop.", "***")]
    [InlineData("see https://platform.openai.com/account/api-keys", "see ***")]
    [InlineData("for organization org-AbCdEf123456 on tokens", "for organization *** on tokens")]
    [InlineData("token eyJhbGciOiJIUzI1NiJ9.e30.abc", "token ***")]
    [InlineData("AKIAIOSFODNN7EXAMPLE is not valid", "*** is not valid")]
    [InlineData("line\r\nInjected: header", "line  Injected: header")]
    [InlineData("", "")]
    public void What_looks_like_a_secret_is_struck_out(string said, string shown)
    {
        var clean = Redaction.Clean(said, []);

        Assert.Contains(shown, clean, StringComparison.Ordinal);
        Assert.DoesNotContain("mnop", clean, StringComparison.Ordinal);
        Assert.DoesNotContain("http", clean, StringComparison.Ordinal);
    }

    [Fact]
    public void Known_secret_is_struck_out_whatever_it_looks_like()
    {
        var clean = Redaction.Clean("You sent tiger lily, TIGER LILY!", ["tiger lily"]);

        Assert.Equal("You sent ***, ***!", clean);
    }

    [Fact]
    public void Long_text_is_cut()
    {
        var clean = Redaction.Clean(string.Concat(Enumerable.Repeat("word ", 500)), []);

        Assert.InRange(clean.Length, Redaction.LengthMax - 1, Redaction.LengthMax);
    }
}
