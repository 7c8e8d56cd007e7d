using System.Globalization;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Streams;

public sealed class AnswerReaderTests
{
    private static AnswerReader Read(Dialect dialect, params ReadOnlySpan<string> data)
    {
        var stream = new StringBuilder();
        foreach (var text in data)
        {
            stream.Append("data: ").Append(text).Append("\n\n");
        }

        return AnswerReader.Create(dialect, isStream: true).Read(stream.ToString());
    }

    [Theory]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"content\":null}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"content\":\" \\n\\t\\r\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"tool_calls\":[]}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}")]
    [InlineData(Dialect.Chat, "{\"choices\":[],\"prompt_filter_results\":[{\"content\":\"x\"}]}")]
    [InlineData(Dialect.Chat, "[DONE]")]
    [InlineData(Dialect.Responses,
        "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"instructions\":\"x\"}}")]
    [InlineData(Dialect.Responses,
        "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"message\",\"content\":[]}}")]
    [InlineData(Dialect.Responses, "{\"type\":\"response.output_text.delta\",\"delta\":\"\"}")]
    [InlineData(Dialect.Responses, "{\"type\":\"response.output_text.delta\",\"delta\":\"\\n\"}")]
    [InlineData(Dialect.Responses,
        "{\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[]}}")]
    [InlineData(Dialect.Anthropic, "{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[]}}")]
    [InlineData(Dialect.Anthropic, "{\"type\":\"ping\"}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}}")]
    [InlineData(Dialect.Anthropic, "{\"type\":\"message_stop\"}")]
    [InlineData(Dialect.Gemini, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"}}]}")]
    [InlineData(Dialect.Gemini,
        "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\" \"}]},\"finishReason\":\"STOP\"}]}")]
    [InlineData(Dialect.Gemini, "{\"usageMetadata\":{\"promptTokenCount\":5},\"modelVersion\":\"x\"}")]
    public void Event_without_anything_of_the_answer_is_no_content(Dialect dialect, string data) =>
        Assert.False(Read(dialect, data).HasContent);

    [Theory]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"content\":\" a\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"content\":\"\\u3042\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"reasoning_content\":\"a\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"reasoning\":\"a\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"refusal\":\"No\"}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"function_call\":{\"arguments\":\" \"}}}]}")]
    [InlineData(Dialect.Chat, "{\"choices\":[{\"delta\":{\"audio\":{\"data\":\"AA\"}}}]}")]
    [InlineData(Dialect.Responses, "{\"type\":\"response.refusal.delta\",\"delta\":\"No\"}")]
    [InlineData(Dialect.Responses, "{\"type\":\"response.output_item.added\",\"item\":{\"type\":\"web_search_call\"}}")]
    [InlineData(Dialect.Responses, "{\"type\":\"response.reasoning_summary_text.delta\",\"delta\":\"x\"}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"name\":\"\"}}")]
    [InlineData(Dialect.Anthropic,
        "{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"signature_delta\",\"signature\":\"x\"}}")]
    [InlineData(Dialect.Gemini, "{\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]}}]}")]
    [InlineData(Dialect.Gemini,
        "{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\"}}]}}]}")]
    public void Event_with_anything_of_the_answer_is_content(Dialect dialect, string data) =>
        Assert.True(Read(dialect, data).HasContent);

    // The table of lies: what no upstream can have counted. The report is ignored as a whole and flagged.
    [Theory]
    [InlineData("-1")]
    [InlineData("-0.5")]
    [InlineData("0.5")]
    [InlineData("12.01")]
    [InlineData("1e3")]
    [InlineData("1E400")]
    [InlineData("9007199254740993")]
    [InlineData("9223372036854775807")]
    [InlineData("9223372036854775808")]
    [InlineData("18446744073709551616")]
    [InlineData("99999999999999999999999999999999")]
    [InlineData("\"12\"")]
    [InlineData("\"\"")]
    [InlineData("true")]
    [InlineData("false")]
    [InlineData("[]")]
    [InlineData("[12]")]
    [InlineData("{}")]
    [InlineData("{\"n\":12}")]
    public void Impossible_usage_is_ignored_and_flagged_in_every_dialect(string lie)
    {
        foreach (var (dialect, usage) in UsageShapes("7", lie).Concat(UsageShapes(lie, "7")))
        {
            var reader = Read(dialect, usage);
            Assert.Null(reader.Usage);
            Assert.True(reader.UsageSuspect);
            Assert.Equal(StreamFaults.UsageImpossible, reader.Faults);
        }
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-")]
    [InlineData("0x10")]
    [InlineData("012")]
    public void Usage_that_is_no_json_makes_its_event_malformed(string lie)
    {
        foreach (var (dialect, usage) in UsageShapes("7", lie))
        {
            var reader = Read(dialect, usage);
            Assert.Null(reader.Usage);
            Assert.Equal(StreamFaults.Malformed, reader.Faults);
        }
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("-0", 0)]
    [InlineData("12", 12)]
    [InlineData("12.0", 12)]
    [InlineData("12.000", 12)]
    [InlineData("9007199254740992", 9007199254740992)]
    public void Possible_usage_is_taken(string number, long value)
    {
        foreach (var (dialect, usage) in UsageShapes("7", number))
        {
            var reader = Read(dialect, usage);
            Assert.Equal((7, value), (reader.Usage?.Input, reader.Usage?.Output));
            Assert.Equal(StreamFaults.None, reader.Faults);
        }
    }

    [Fact]
    public void Null_and_absent_usage_is_no_usage_and_no_lie()
    {
        foreach (var (dialect, usage) in UsageShapes("null", "null"))
        {
            Assert.Null(Read(dialect, usage).Usage);
            Assert.Null(Read(dialect, "{\"usage\":null,\"usageMetadata\":null,\"response\":{\"usage\":null}}").Usage);
            Assert.Equal(StreamFaults.None, Read(dialect, usage).Faults);
        }
    }

    private static IEnumerable<(Dialect, string)> UsageShapes(string input, string output) =>
    [
        (Dialect.Chat, $"{{\"usage\":{{\"prompt_tokens\":{input},\"completion_tokens\":{output}}}}}"),
        (Dialect.Responses, "{\"type\":\"response.completed\",\"response\":{\"usage\":"
            + $"{{\"input_tokens\":{input},\"output_tokens\":{output}}}}}}}"),
        (Dialect.Anthropic, "{\"type\":\"message_delta\",\"usage\":"
            + $"{{\"input_tokens\":{input},\"output_tokens\":{output}}}}}"),
        (Dialect.Gemini, "{\"usageMetadata\":"
            + $"{{\"promptTokenCount\":{input},\"candidatesTokenCount\":{output}}}}}"),
    ];

    [Fact]
    public void Lie_does_not_undo_an_earlier_truth()
    {
        foreach (var ((dialect, truth), (_, lie)) in UsageShapes("5", "6").Zip(UsageShapes("5", "-6")))
        {
            var reader = Read(dialect, truth, lie);
            Assert.Equal((5, 6), (reader.Usage?.Input, reader.Usage?.Output));
            Assert.True(reader.UsageSuspect);
        }
    }

    [Fact]
    public void Parts_of_usage_never_exceed_the_whole()
    {
        var chat = Read(Dialect.Chat, """
            {"usage":{"prompt_tokens":10,"completion_tokens":1,
            "prompt_tokens_details":{"cached_tokens":8,"cache_write_tokens":8}}}
            """.ReplaceLineEndings(""));
        var gemini = Read(Dialect.Gemini, "{\"usageMetadata\":{\"promptTokenCount\":3,\"cachedContentTokenCount\":4}}");

        Assert.Equal((8, 2, 0), (chat.Usage?.CacheRead, chat.Usage?.CacheWrite, chat.Usage?.InputFresh));
        Assert.Equal(3, gemini.Usage?.CacheRead);
        Assert.True(chat.UsageSuspect && gemini.UsageSuspect);
    }

    [Fact]
    public void Event_beyond_the_bound_ends_the_reading_with_an_error()
    {
        var reader = AnswerReader.Create(Dialect.Chat, isStream: true);
        reader.EventBytesMax = 1000;
        reader.Append("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"x\":\""u8);
        for (var i = 0; i < 100; i++)
        {
            reader.Append(new byte[100].AsSpan());
        }

        reader.Append("\"}\n\ndata: {\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n"u8);
        reader.Complete();

        Assert.True(reader.HasContent);
        Assert.Equal(("event_too_long", null), (reader.ErrorType, reader.Usage));
        Assert.True(reader.Faults.HasFlag(StreamFaults.EventTooLong));
    }

    [Fact]
    public void Malformed_events_are_passed_over()
    {
        var good = "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}";
        foreach (var bad in new[] { "{", "x", "{}}", "{} {}", "[1,", "{\"choices\":[{]}", "\u0001", "{\"a\":\"\\q\"}" })
        {
            var reader = Read(Dialect.Chat, bad, good, bad, "[DONE]");
            Assert.True(reader.HasContent && reader.IsTerminal && !reader.HasError);
            Assert.Equal((1, StreamFaults.Malformed), (reader.TextBytes, reader.Faults));
        }
    }

    [Fact]
    public void Deep_nesting_is_a_malformed_event_and_no_crash() =>
        Assert.Equal(StreamFaults.Malformed, Read(Dialect.Gemini, new string('[', 100_000)).Faults);

    [Fact]
    public void Garbage_of_any_kind_is_survived()
    {
        var random = new Random(5);
        var bytes = new byte[20_000];
        foreach (var dialect in Enum.GetValues<Dialect>().Where(d => d is > Dialect.None and < Dialect.Converse))
        {
            var reader = AnswerReader.Create(dialect, isStream: true);
            for (var round = 0; round < 50; round++)
            {
                random.NextBytes(bytes);
                reader.Read([bytes]);
                Assert.False(reader.HasContent || reader.IsTerminal);
                Assert.Null(reader.Usage);
            }
        }
    }

    // Recorded shapes with bytes changed: every cut must still give what the whole gives.
    [Fact]
    public void Damaged_streams_read_the_same_however_they_are_cut()
    {
        var random = new Random(20260903);
        foreach (var name in GoldenCase.Names())
        {
            var golden = GoldenCase.Load(name);
            var reader = golden.CreateReader();
            for (var round = 0; round < 40 && golden.Bytes.Length > 0; round++)
            {
                var bytes = golden.Bytes.ToArray();
                for (var edits = random.Next(1, 5); edits > 0; edits--)
                {
                    bytes[random.Next(bytes.Length)] = "{}[]\",:\n\r\\ 0x\0\u007F"u8[random.Next(15)];
                }

                var whole = reader.Read([bytes]).Describe();
                Assert.Equal(whole, reader.Read(Chunker.Single(bytes)).Describe());
                var cut = random.Next(bytes.Length);
                Assert.Equal(whole, reader.Read([bytes.AsMemory(0, cut), bytes.AsMemory(cut)]).Describe());
            }
        }
    }

    [Theory]
    [InlineData(TokenEncoding.ByteClass)]
    [InlineData(TokenEncoding.O200k)]
    public void Pieces_allocate_nothing_once_the_reader_stands(TokenEncoding encoding)
    {
        foreach (var name in GoldenCase.Names())
        {
            var golden = GoldenCase.Load(name);
            var reader = AnswerReader.Create(golden.Dialect, golden.IsStream, TokenizerCatalog.CreateCounter(encoding));
            reader.Read([golden.Bytes]);
            if (reader.HasError)
            {
                continue;
            }

            var pieces = Chunker.Single(golden.Bytes);
            var allocated = Allocations.Least(() =>
            {
                reader.Reset();
                foreach (var piece in pieces)
                {
                    reader.Append(piece.Span);
                }

                reader.Complete();
            });
            Assert.True(allocated == 0, string.Create(CultureInfo.InvariantCulture, $"{name}: {allocated}"));
        }
    }

    [Fact]
    public void Reader_made_new_remembers_nothing()
    {
        var reader = AnswerReader.Create(Dialect.Anthropic, isStream: true);
        var empty = reader.Read("").Describe();
        foreach (var name in GoldenCase.Names().Where(name => name.StartsWith("Anthropic", StringComparison.Ordinal)))
        {
            reader.Read([GoldenCase.Load(name).Bytes]);
            Assert.NotEqual(empty, reader.Describe());
            Assert.Equal(empty, reader.Read("").Describe());
        }
    }

    [Fact]
    public void Endless_line_takes_no_memory()
    {
        var reader = AnswerReader.Create(Dialect.Gemini, isStream: true);
        reader.EventBytesMax = int.MaxValue;
        var piece = Encoding.ASCII.GetBytes(new string('A', 100_000));
        reader.Append("data: {\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"data\":\""u8);
        reader.Append(piece);

        // A collection meanwhile may charge a long run with the rest of a buffer, but not each of short ones.
        var ofMany = Allocations.Once(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                reader.Append(piece);
            }
        });
        var allocated = Allocations.Least(() => reader.Append(piece));
        reader.Append("\"}}]},\"finishReason\":\"STOP\"}]}\n\n"u8);

        Assert.Equal(0, allocated);
        Assert.InRange(ofMany, 0, 3 * piece.Length);
        Assert.True(reader.HasContent && reader.IsTerminal && reader.IsBetweenEvents);
    }
}
