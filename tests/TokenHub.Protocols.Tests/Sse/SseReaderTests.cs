using System.Text;
using TokenHub.Protocols.Sse;

namespace TokenHub.Protocols.Tests.Sse;

public sealed class SseReaderTests
{
    private sealed class Log : ISseSink
    {
        private readonly List<byte> _name = [];
        private readonly List<byte> _data = [];
        private bool _hasData;

        public List<string> Events { get; } = [];

        public void Name(scoped ReadOnlySpan<byte> part) => _name.AddRange(part);

        public void Data(scoped ReadOnlySpan<byte> part)
        {
            _data.AddRange(part);
            _hasData = true;
        }

        public int Bare(scoped ReadOnlySpan<byte> bytes)
        {
            var end = bytes.IndexOf((byte)'}');
            _data.AddRange(end < 0 ? bytes : bytes[..(end + 1)]);
            if (end >= 0)
            {
                Events.Add("bare " + Take(_data));
            }

            return end < 0 ? bytes.Length : Math.Min(end + 1, bytes.Length - 1);
        }

        public void Dispatch()
        {
            if (_hasData)
            {
                Events.Add($"{Take(_name)}|{Take(_data)}");
            }

            _name.Clear();
            _hasData = false;
        }

        private static string Take(List<byte> bytes)
        {
            var text = Encoding.UTF8.GetString([.. bytes]);
            bytes.Clear();
            return text;
        }
    }

    private static void AssertEvents(string stream, params string[] expected)
    {
        foreach (var pieces in Chunker.EveryCut(Encoding.UTF8.GetBytes(stream)))
        {
            var (reader, log) = (default(SseReader), new Log());
            foreach (var piece in pieces)
            {
                reader.Feed(piece.Span, ref log);
            }

            reader.Complete(ref log);
            Assert.Equal(expected, log.Events);
        }
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Lines_end_in_any_of_three_ways(string newline) => AssertEvents(
        "event: a\ndata: 1\n\n: c\n\ndata: 2\ndata: 3\n\n".Replace("\n", newline, StringComparison.Ordinal),
        "a|1", "|2\n3");

    [Fact]
    public void Mixed_line_ends_are_each_one_line_end() =>
        AssertEvents("data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\r\rdata: 5\n\n", "|1\n2\n3", "|4", "|5");

    [Fact]
    public void Byte_order_mark_is_skipped_at_the_start_only() =>
        AssertEvents("\uFEFFdata: 1\n\n\uFEFFdata: 2\n\ndata: \uFEFF\n\n", "|1", "|\uFEFF");

    [Fact]
    public void One_space_after_the_colon_is_skipped() =>
        AssertEvents("data:1\n\ndata:  2 \n\ndata:\tx\n\n", "|1", "| 2 ", "|\tx");

    [Fact]
    public void Other_fields_and_near_names_are_ignored() =>
        AssertEvents("id: 7\nretry: 3\ndat: x\ndatax: y\nDATA: z\neventful: q\ndata: 1\n\n", "|1");

    [Fact]
    public void Fields_without_a_colon_have_empty_values() => AssertEvents("data: a\ndata\ndata: b\n\n", "|a\n\nb");

    [Fact]
    public void Last_event_needs_no_blank_line_and_no_line_end()
    {
        AssertEvents("data: 1\n\ndata: 2\n", "|1", "|2");
        AssertEvents("event: x\ndata: 2", "x|2");
        AssertEvents("data: 1\ndata", "|1\n");
    }

    [Fact]
    public void Blank_lines_and_comments_alone_are_no_events() => AssertEvents("\n\n: a\n\n\r\n:\n:b\n\nevent: z\n\n");

    [Fact]
    public void Document_among_the_lines_is_taken_as_it_is() =>
        AssertEvents("data: 1\n\n{\"a\":\n\n1}\n\ndata: 2\n\n  {}x\n", "|1", "bare {\"a\":\n\n1}", "|2", "bare {}");

    [Fact]
    public void Place_between_events_is_known()
    {
        var (reader, log) = (default(SseReader), new Log());
        foreach (var (text, isBetween) in new[]
        {
            ("", true), ("da", false), ("ta: x", false), ("\n", false), ("\n", true), (": ping", false), ("\n", true),
            ("\n", true), ("event: a\r", false), ("\ndata: b\r\n\r", true), ("\n", true),
        })
        {
            reader.Feed(Encoding.UTF8.GetBytes(text), ref log);
            Assert.Equal(isBetween, reader.IsBetweenEvents);
        }
    }
}
