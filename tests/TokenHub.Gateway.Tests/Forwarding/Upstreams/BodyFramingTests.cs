using System.Text;
using TokenHub.Gateway.Forwarding.Upstreams;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Upstreams;

public sealed class BodyFramingTests
{
    [Theory]
    [InlineData("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world")]
    [InlineData("b\r\nhello world\r\n0\r\n\r\n", "hello world")]
    [InlineData("B;name=value\r\nhello world\r\n000\r\n\r\n", "hello world")]
    [InlineData("1 \r\nx\r\n0\r\ntrailer: x\r\nother: y\r\n\r\n", "x")]
    [InlineData("0\r\n\r\n", "")]
    public void Chunks_come_out_the_same_at_every_cut(string wire, string body)
    {
        var bytes = Encoding.ASCII.GetBytes(wire + "NEXT");
        for (var size = 1; size <= bytes.Length; size++)
        {
            var framing = BodyFraming.Chunked;
            var seen = new StringBuilder();
            var at = 0;
            while (!framing.IsDone)
            {
                var part = bytes[at..Math.Min(at + size, bytes.Length)];
                var kept = framing.Decode(part, out var taken);
                seen.Append(Encoding.ASCII.GetString(part, 0, kept));
                at += taken;
            }

            Assert.Equal(body, seen.ToString());
            Assert.Equal("NEXT", Encoding.ASCII.GetString(bytes[at..]));
        }
    }

    [Theory]
    [InlineData("x\r\n")]
    [InlineData("\r\n")]
    [InlineData(";\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0x5\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\r\nhelloX")]
    [InlineData("5\r\nhello\n")]
    [InlineData("5\r\nhello\rX")]
    [InlineData("5;a\nhello")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("0\r\n\n")]
    [InlineData("0\r\nt: x\n\r\n")]
    [InlineData("0\r\n\rX")]
    public void Chunks_that_two_readers_could_see_differently_are_refused(string wire)
    {
        var framing = BodyFraming.Chunked;

        Assert.Throws<IOException>(() => framing.Decode(Encoding.ASCII.GetBytes(wire), out _));
    }

    [Fact]
    public void Endless_extension_and_trailer_are_refused()
    {
        var extension = BodyFraming.Chunked;
        var trailer = BodyFraming.Chunked;

        Assert.Throws<IOException>(() => extension.Decode(Encoding.ASCII.GetBytes("5;" + new string('x', 9000)), out _));
        Assert.Throws<IOException>(() => trailer.Decode(Encoding.ASCII.GetBytes("0\r\n" + new string('x', 9000)), out _));
    }

    [Fact]
    public void Length_ends_where_it_says()
    {
        var framing = BodyFraming.OfLength(5);
        Assert.Equal(5, framing.ReadMax(100));

        Assert.Equal(3, framing.Decode("hel"u8.ToArray(), out _));
        Assert.Equal(2, framing.Decode("lo world"u8.ToArray(), out var taken));

        Assert.Equal(2, taken);
        Assert.True(framing.IsDone);
        Assert.True(BodyFraming.OfLength(0).IsDone);
        Assert.True(BodyFraming.None.IsDone);
        Assert.False(BodyFraming.UntilClose.IsDone);
    }
}
