using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests.Streams;

public sealed class ChatUsageFilterTests
{
    private static string Filter(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var filter = new ChatUsageFilter();
        var writer = new ArrayBufferWriter<byte>();
        foreach (var piece in pieces)
        {
            filter.Append(piece.Span, writer);
        }

        filter.Complete(writer);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }

    private static void AssertFiltered(string upstream, string expected)
    {
        foreach (var pieces in Chunker.EveryCut(Encoding.UTF8.GetBytes(upstream)))
        {
            Assert.Equal(expected, Filter(pieces));
        }
    }

    private const string Usage = "{\"prompt_tokens\":1,\"completion_tokens\":2,\"total_tokens\":3}";

    [Theory]
    [InlineData("{\"id\":\"c\",\"choices\":[{\"delta\":{}}],\"usage\":null}",
        "{\"id\":\"c\",\"choices\":[{\"delta\":{}}]}")]
    [InlineData("{\"usage\":null,\"id\":\"c\"}", "{\"id\":\"c\"}")]
    [InlineData("{\"usage\": null , \"id\":\"c\"}", "{\"id\":\"c\"}")]
    [InlineData("{\"id\":\"c\", \"usage\" : null, \"obfuscation\":\"x\"}", "{\"id\":\"c\", \"obfuscation\":\"x\"}")]
    [InlineData("{\"usage\":null}", "{}")]
    [InlineData("{\"choices\":[],\"prompt_filter_results\":[],\"usage\":null}",
        "{\"choices\":[],\"prompt_filter_results\":[]}")]
    [InlineData("{\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}",
        "{\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":null\"}}]}")]
    [InlineData("{\"choices\":[{\"delta\":{\"usage\":null}}]}", "{\"choices\":[{\"delta\":{\"usage\":null}}]}")]
    [InlineData("{\"choices\":[],\"moderation\":{}}", "{\"choices\":[],\"moderation\":{}}")]
    [InlineData("{\"usage\":null", "{\"usage\":null")]
    public void Null_usage_is_taken_out_and_nothing_else(string chunk, string expected)
    {
        AssertFiltered($"data: {chunk}\n\n", $"data: {expected}\n\n");
        AssertFiltered($": c\r\nid: 1\r\ndata:{chunk}\r\n\r\n", $": c\r\nid: 1\r\ndata:{expected}\r\n\r\n");
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Chunk_of_nothing_but_usage_is_dropped_whole(string newline)
    {
        var before = $"data: {{\"choices\":[{{\"index\":0}}]}}{newline}{newline}";
        var after = $"data: [DONE]{newline}{newline}";
        var usage = $"data: {{\"id\":\"c\",\"choices\":[],\"usage\":{Usage}}}{newline}{newline}";

        AssertFiltered(before + usage + after, before + after);
        AssertFiltered(before + usage + usage, before);
        AssertFiltered(usage, "");
    }

    [Fact]
    public void Usage_beside_choices_or_an_error_passes()
    {
        var stream = $"data: {{\"choices\":[{{\"finish_reason\":\"stop\"}}],\"usage\":{Usage}}}\n\n"
            + $"data: {{\"choices\":[],\"error\":{{\"message\":\"m\"}},\"usage\":{Usage}}}\n\n";

        AssertFiltered(stream, stream);
    }

    [Fact]
    public void Comments_within_a_dropped_event_pass() => AssertFiltered(
        $": one\ndata: {{\"choices\":[],\"usage\":{Usage}}}\n: two\n\ndata: x\n\n", ": one\n: two\ndata: x\n\n");

    [Fact]
    public void Usage_over_several_data_lines_is_dropped_too() => AssertFiltered(
        $"data: {{\"choices\":[],\ndata: \"usage\":{Usage}}}\n\ndata: x\n\n", "data: x\n\n");

    [Fact]
    public void Odd_lines_pass_as_they_are()
    {
        const string Stream = "\uFEFFunknown: \"usage\"\n\n\n\n"
            + "{\"error\":{\"usage\":null}}\nevent: x\n\n[1]\ndata\n\n: \"usage\"";

        AssertFiltered(Stream, Stream);
    }

    [Fact]
    public void Event_is_written_as_soon_as_it_is_complete()
    {
        var filter = new ChatUsageFilter();
        var writer = new ArrayBufferWriter<byte>();

        filter.Append("data: {\"usage\":null}\n"u8, writer);
        Assert.Equal(0, writer.WrittenCount);
        filter.Append("\n"u8, writer);

        Assert.Equal("data: {}\n\n", Encoding.UTF8.GetString(writer.WrittenSpan));
        filter.Append(": ping\n"u8, writer);
        Assert.Equal("data: {}\n\n: ping\n", Encoding.UTF8.GetString(writer.WrittenSpan));
        Assert.Equal(0, filter.HeldBytes);
    }

    [Fact]
    public void Event_beyond_the_bound_passes_unread()
    {
        var filter = new ChatUsageFilter();
        var writer = new ArrayBufferWriter<byte>();
        var piece = new byte[60_000];
        piece.AsSpan().Fill((byte)'x');
        filter.Append("data: {\"usage\":null,\"a\":\""u8, writer);
        for (var i = 0; i < 20; i++)
        {
            filter.Append(piece, writer);
            Assert.True(filter.HeldBytes <= ChatUsageFilter.HeldBytesMax);
        }

        filter.Append("\"}\n\ndata: {\"usage\":null}\n\n"u8, writer);

        Assert.EndsWith("\"}\n\ndata: {}\n\n", Encoding.UTF8.GetString(writer.WrittenSpan), StringComparison.Ordinal);
        Assert.Equal(25 + 20 * 60_000 + 4 + 10, writer.WrittenCount);
    }

    [Fact]
    public void Filter_undoes_what_asking_for_usage_added()
    {
        var random = new Random(20260901);
        for (var round = 0; round < 300; round++)
        {
            var (plain, asked) = RandomStreams(random);
            var bytes = Encoding.UTF8.GetBytes(asked);
            Assert.Equal(plain, Filter([bytes]));
            Assert.Equal(plain, Filter(Chunker.Single(bytes)));
            var cut = random.Next(bytes.Length);
            Assert.Equal(plain, Filter([bytes.AsMemory(0, cut), bytes.AsMemory(cut)]));
        }
    }

    // The same answer as an upstream sends it without and with include_usage.
    private static (string Plain, string Asked) RandomStreams(Random random)
    {
        var newline = random.Next(3) switch { 0 => "\n", 1 => "\r\n", _ => "\r" };
        var space = random.Next(2) == 0 ? "" : " ";
        var (plain, asked) = (new StringBuilder(), new StringBuilder());
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var comment = random.Next(4) == 0 ? $": ping{newline}{newline}" : "";
            var content = new[] { "a", "\\\"usage\\\":null", "é", "{[", "" }[random.Next(5)];
            List<string> members =
            [
                "\"id\":\"c\"", $"\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]", "\"obfuscation\":\"xx\"",
            ];
            plain.Append(comment).Append(Event(members));
            members.Insert(random.Next(1, members.Count + 1), "\"usage\":null");
            asked.Append(comment).Append(Event(members));
        }

        asked.Append(Event(["\"id\":\"c\"", "\"choices\":[]", $"\"usage\":{Usage}"]));
        var done = $"data:{space}[DONE]{newline}{newline}";
        return (plain.Append(done).ToString(), asked.Append(done).ToString());

        string Event(List<string> members) =>
            $"data:{space}{{{string.Join("," + space, members)}}}{newline}{newline}";
    }

    public static TheoryData<string> Names => [.. WireCase.StreamNames(Dialect.Chat)];

    [Theory, MemberData(nameof(Names))]
    public void Recorded_stream_loses_only_its_usage(string name)
    {
        var wire = WireCase.Load(name);

        var filtered = Encoding.UTF8.GetBytes(Filter([wire.Bytes]));

        var before = AnswerReader.Create(Dialect.Chat, true).Read([wire.Bytes]);
        var after = AnswerReader.Create(Dialect.Chat, true).Read([filtered]);
        Assert.Equal(before.OutputTextBytes, after.OutputTextBytes);
        Assert.Equal(before.Finish, after.Finish);
        Assert.Equal(before.IsTerminal, after.IsTerminal);
        Assert.DoesNotContain("\"usage\":null", Encoding.UTF8.GetString(filtered), StringComparison.Ordinal);
        Assert.Equal(Filter([wire.Bytes]), Filter(Chunker.Single(wire.Bytes)));
    }
}
