using System.Text;
using TokenHub.Gateway.Listening;
using Xunit;

namespace TokenHub.Gateway.Tests.Listening;

public sealed class PathModelTests
{
    [Theory]
    [InlineData("gemini-3.5-flash", "gemini-3.5-flash")]
    [InlineData("a", "a")]
    [InlineData("gemini%2D3", "gemini-3")]
    [InlineData("%67emini", "gemini")]
    public void Model_is_decoded_once(string raw, string model)
    {
        var room = new byte[PathModel.CharsMax];

        Assert.True(PathModel.TryDecode(raw, room, out var length));

        Assert.Equal(model, Encoding.ASCII.GetString(room, 0, length));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("%2e%2e")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    [InlineData("a%2Fb")]
    [InlineData("a%5cb")]
    [InlineData("a\\b")]
    [InlineData("a%25b")]
    [InlineData("a%252fb")]
    [InlineData("a%00b")]
    [InlineData("a%0d%0ab")]
    [InlineData("a%3Ab")]
    [InlineData("a:b")]
    [InlineData("a b")]
    [InlineData("a+b")]
    [InlineData("a%")]
    [InlineData("a%4")]
    [InlineData("a%zz")]
    [InlineData("modèle")]
    [InlineData("%c3%a8")]
    [InlineData("%ef%bc%8e")]
    [InlineData("１")]
    public void Model_that_could_be_read_as_something_else_is_refused(string raw)
    {
        Assert.False(PathModel.TryDecode(raw, new byte[PathModel.CharsMax], out _));
    }

    [Fact]
    public void Model_of_128_characters_is_the_longest()
    {
        var room = new byte[PathModel.CharsMax];

        Assert.True(PathModel.TryDecode(new string('a', 128), room, out _));
        Assert.False(PathModel.TryDecode(new string('a', 129), room, out _));
    }
}
