using TokenHub.Core.Requests;
using Xunit;

namespace TokenHub.Core.Tests.Requests;

public sealed class RequestIdTests
{
    [Fact]
    public void Parts_text_uuid_and_bytes_agree()
    {
        var id = RequestId.Create(1_763_000_000_123, 1023, 1_048_575, 0xDEADBEEF);

        Assert.Equal((1_763_000_000_123, 1023, 1_048_575), (id.UnixMs, id.GatewayNo, id.BootNo));
        Assert.Equal(id, RequestId.FromGuid(id.ToGuid()));
        Assert.Equal(7, id.ToGuid().Version);
        Assert.True(RequestId.TryParse(id.ToString(), out var read));
        Assert.Equal(id, read);
        var text = new byte[RequestId.TextLength];
        id.WriteText(text);
        Assert.Equal(id.ToString(), System.Text.Encoding.ASCII.GetString(text));
        Assert.Equal($"req_{id.ToGuid():N}", id.ToString());
    }

    [Fact]
    public void Ids_stay_unique_when_the_clock_stands_or_runs_backwards()
    {
        var one = new RequestIdSource(1, 1);
        var next = new RequestIdSource(1, 2);
        var ids = new HashSet<RequestId>();
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(ids.Add(one.Next(1_763_000_000_000 - (i % 7))));
            Assert.True(ids.Add(next.Next(1_763_000_000_000 - (i % 7))));
        }
    }

    [Fact]
    public void Later_milliseconds_sort_later()
    {
        var source = new RequestIdSource(1, 1);

        Assert.True(source.Next(1_000) < source.Next(1_001));
    }

    [Theory]
    [InlineData("")]
    [InlineData("req_")]
    [InlineData("usr_0123456789abcdef0123456789abcdef")]
    [InlineData("req_0123456789abcdef0123456789abcdeg")]
    public void Other_text_is_no_id(string text) => Assert.False(RequestId.TryParse(text, out _));
}
