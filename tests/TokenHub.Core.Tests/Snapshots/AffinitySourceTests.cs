using TokenHub.Core.Snapshots;
using Xunit;

namespace TokenHub.Core.Tests.Snapshots;

public sealed class AffinitySourceTests
{
    [Theory]
    [InlineData("prefix", "", true)]
    [InlineData("/prompt_cache_key", "/prompt_cache_key", false)]
    [InlineData("/metadata/user_id +prefix", "/metadata/user_id", true)]
    [InlineData("header:X-Session-Id header:x_other /a/b/c/d", "x-session-id x_other /a/b/c/d", false)]
    [InlineData("/a~1b/c~0d", "/a/b/c~d", false)]
    public void Words_are_read(string text, string places, bool usesPrefix)
    {
        Assert.True(AffinitySource.TryParse(text, out var source));

        Assert.Equal(places, string.Join(' ', source.Places.Select(p => p.Header ?? "/" + string.Join('/', p.Steps))));
        Assert.Equal(usesPrefix, source.UsesPrefix);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("+prefix")]
    [InlineData("prefix +prefix")]
    [InlineData("/a  /b")]
    [InlineData("/a +prefix /b")]
    [InlineData("metadata")]
    [InlineData("/")]
    [InlineData("/a//b")]
    [InlineData("/a/b/c/d/e")]
    [InlineData("/a /b /c /d /e")]
    [InlineData("header:")]
    [InlineData("header:x y:")]
    [InlineData("header:x:y")]
    [InlineData("/messages/0/content")]
    [InlineData("/system")]
    public void Anything_else_is_refused(string? text)
    {
        Assert.False(AffinitySource.TryParse(text, out _));
    }

    [Fact]
    public void Longest_name_and_text_have_bounds()
    {
        var name = new string('a', AffinitySource.StepCharsMax);

        Assert.True(AffinitySource.TryParse($"/{name}/{name}/{name}", out _));
        Assert.False(AffinitySource.TryParse($"/{name}a", out _));
        Assert.False(AffinitySource.TryParse($"/{name}/{name}/{name}/{name}", out _));
    }
}
