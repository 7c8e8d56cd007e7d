using System.Text;
using TokenHub.Gateway.Forwarding.Upstreams;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Upstreams;

public sealed class UpstreamHeadTests
{
    [Fact]
    public void Status_type_framing_and_the_few_headers_are_read()
    {
        var head = Read(
            "HTTP/1.1 200 OK", "Content-Type: text/event-stream; charset=utf-8", "TRANSFER-ENCODING: chunked",
            "Retry-After:  7 ", "x-ratelimit-limit: 9", "openai-version: 2020-10-01");

        Assert.Equal(200, head.Status);
        Assert.Equal("text/event-stream; charset=utf-8", head.ContentType);
        Assert.False(head.Framing.IsDone);
        Assert.Null(head.Length);
        Assert.Equal("7", head.Header("retry-after"));
        Assert.Equal("2020-10-01", head.Header("openai-version"));
        Assert.Null(head.Header("x-ratelimit-limit"));
        Assert.True(head.CanReuse);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK|content-length: 5|connection: close", false)]
    [InlineData("HTTP/1.1 200 OK|content-length: 5", true)]
    [InlineData("HTTP/1.1 200|content-length: 5|content-length: 5", true)]
    [InlineData("HTTP/1.0 200 OK|content-length: 5", false)]
    [InlineData("HTTP/1.0 200 OK|content-length: 5|connection: keep-alive", true)]
    [InlineData("HTTP/1.1 200 OK", false)]
    [InlineData("HTTP/1.1 204 No Content", true)]
    public void Connection_is_used_again_only_where_the_end_of_the_body_is_certain(string lines, bool canReuse)
    {
        Assert.Equal(canReuse, Read(lines.Split('|')).CanReuse);
    }

    [Theory]
    [InlineData("HTTP/2 200 OK")]
    [InlineData("HTTP/1.1 20 OK")]
    [InlineData("HTTP/1.1 2000 OK")]
    [InlineData("HTTP/1.1 999 OK")]
    [InlineData("HTTP/1.1  200 OK")]
    [InlineData("ICY 200 OK")]
    [InlineData("HTTP/1.1 200 OK|content-length: 5|transfer-encoding: chunked")]
    [InlineData("HTTP/1.1 200 OK|content-length: 5|content-length: 6")]
    [InlineData("HTTP/1.1 200 OK|content-length: -5")]
    [InlineData("HTTP/1.1 200 OK|content-length: +5")]
    [InlineData("HTTP/1.1 200 OK|content-length: 5, 5")]
    [InlineData("HTTP/1.1 200 OK|content-length: 0x5")]
    [InlineData("HTTP/1.1 200 OK|content-length: ")]
    [InlineData("HTTP/1.1 200 OK|content-length: 99999999999999999999")]
    [InlineData("HTTP/1.1 200 OK|transfer-encoding: gzip, chunked")]
    [InlineData("HTTP/1.1 200 OK|transfer-encoding: chunked|transfer-encoding: chunked")]
    [InlineData("HTTP/1.1 200 OK|transfer-encoding: \vchunked")]
    [InlineData("HTTP/1.1 200 OK|content-length : 5")]
    [InlineData("HTTP/1.1 200 OK| content-length: 5")]
    [InlineData("HTTP/1.1 200 OK|content-type: a|\tfolded")]
    [InlineData("HTTP/1.1 200 OK|no colon")]
    [InlineData("HTTP/1.1 200 OK|: empty")]
    [InlineData("HTTP/1.1 200 OK|x: a\nset-cookie: b")]
    [InlineData("HTTP/1.1 200 OK|x: a\0b")]
    public void Head_that_two_readers_could_see_differently_is_refused(string lines)
    {
        Assert.Throws<IOException>(() => Read(lines.Split('|')));
    }

    [Fact]
    public void Too_many_headers_are_refused()
    {
        Assert.Throws<IOException>(
            () => Read([.. Enumerable.Range(0, 300).Select(i => i == 0 ? "HTTP/1.1 200 OK" : $"x-{i}: {i}")]));
    }

    private static UpstreamHead Read(params string[] lines)
    {
        var bytes = Encoding.Latin1.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n");
        Assert.Equal(bytes.Length, UpstreamHead.FindEnd([.. bytes, .. "body"u8]));
        var head = new UpstreamHead();
        head.Read(bytes);
        return head;
    }
}
