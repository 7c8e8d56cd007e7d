using System.Text;
using TokenHub.Gateway.Forwarding;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

public sealed class EventEdgeTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("data: x\n\n", true)]
    [InlineData("data: x\r\n\r\n", true)]
    [InlineData("data: x\r\r", true)]
    [InlineData("data: x\n", false)]
    [InlineData("data: x\r\n", false)]
    [InlineData("x", false)]
    [InlineData("\n", false)]
    [InlineData("a\n\nb", false)]
    public void Edge_is_where_a_blank_line_was_last(string passed, bool isAtEdge)
    {
        var whole = default(EventEdge);
        whole.Pass(Encoding.ASCII.GetBytes(passed));
        var bytewise = default(EventEdge);
        foreach (var b in Encoding.ASCII.GetBytes(passed))
        {
            bytewise.Pass([b]);
        }

        Assert.Equal(isAtEdge, whole.IsAtEdge);
        Assert.Equal(isAtEdge, bytewise.IsAtEdge);
    }

    [Theory]
    [InlineData("data: a\n\ndata: b\n\n")]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n")]
    [InlineData("data: a\r\rdata: b\r\r")]
    [InlineData("event: x\ndata: a\n\n: comment\n\ndata: b\n\n")]
    public void Events_end_at_the_same_places_at_every_cut(string stream)
    {
        var bytes = Encoding.ASCII.GetBytes(stream);
        var expected = EndsOf(bytes, bytes.Length);

        for (var size = 1; size < bytes.Length; size++)
        {
            // A CRLF that is cut between its two bytes may end its event at either.
            var ends = EndsOf(bytes, size);
            Assert.Equal(expected.Count, ends.Count);
            Assert.All(expected.Zip(ends), pair => Assert.InRange(pair.Second, pair.First - 1, pair.First));
        }
    }

    private static List<int> EndsOf(byte[] bytes, int size)
    {
        var edge = default(EventEdge);
        List<int> ends = [];
        for (var at = 0; at < bytes.Length;)
        {
            var part = bytes.AsSpan(at, Math.Min(size, bytes.Length - at));
            var end = edge.FindEnd(part);
            if (end >= 0)
            {
                ends.Add(at + end);
                part = part[..end];
            }

            // The LF of a CRLF that was cut belongs to what was before.
            edge.Pass(part);
            at += part.Length;
            if (end >= 0 && edge.EndsInReturn && at < bytes.Length && bytes[at] == '\n')
            {
                edge.Pass("\n"u8);
                at++;
            }
        }

        return ends;
    }
}
