using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Streams;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Bedrock;

public sealed class EventStreamTests
{
    private const string Ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    private static readonly byte[] PingFrame = EventStreamFrames.Chunk("""{"type":"ping"}""");

    public static TheoryData<string> Invokes => [.. BedrockWire.Names("bedrock-anthropic-stream")];

    [Theory, MemberData(nameof(Invokes))]
    public void Recorded_stream_of_claude_reads_as_anthropics_own(string name)
    {
        var (bytes, expected) = BedrockWire.Load(name);
        var (text, isSound) = BedrockWire.Unframe(Dialect.Anthropic, [bytes]);
        var reader = AnswerReader.Create(Dialect.Anthropic, isStream: true).Read(text);

        Assert.Equal(!expected.TryGetProperty("problem", out _), isSound);
        Assert.Equal(expected.GetProperty("text_bytes").GetInt64(), reader.TextBytes);
        Assert.Equal(expected.GetProperty("reasoning_chars").GetInt64(), reader.ReasoningBytes);
        Assert.Equal(expected.GetProperty("finish").GetString() ?? "", reader.Finish);
        Assert.Equal(expected.GetProperty("terminal_seen").GetBoolean(), reader.IsTerminal);
        var usage = Assert.NotNull(reader.Usage);
        Assert.Equal(expected.GetProperty("usage").GetProperty("input").GetInt64(), usage.Input);
        Assert.Equal(expected.GetProperty("usage").GetProperty("output").GetInt64(), usage.Output);
        Assert.Equal(expected.TryGetProperty("error", out var error), reader.HasError);
        if (reader.HasError)
        {
            Assert.Equal(error.GetProperty("message").GetString(), reader.ErrorMessage);
            Assert.Equal("rate_limit_error", reader.ErrorType);
        }
    }

    [Theory, MemberData(nameof(Invokes))]
    public void Recorded_stream_comes_out_the_same_cut_at_every_byte(string name)
    {
        var (bytes, _) = BedrockWire.Load(name);
        var whole = BedrockWire.Unframe(Dialect.Anthropic, [bytes]);

        // Of the long file a stride of cuts and single bytes; of the others every cut.
        for (var cut = 1; cut < bytes.Length; cut += 1 + (bytes.Length / 4000))
        {
            Assert.Equal(whole, BedrockWire.Unframe(Dialect.Anthropic, [bytes.AsMemory(0, cut), bytes.AsMemory(cut)]));
        }

        Assert.Equal(whole, BedrockWire.Unframe(Dialect.Anthropic, Chunker.Single(bytes)));
    }

    [Fact]
    public void Chunk_becomes_an_event_of_its_type_with_its_bytes_as_they_were()
    {
        const string Json = """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"é \u00e9 \/"}}""";

        var (text, isSound) = BedrockWire.Unframe(Dialect.Anthropic, [EventStreamFrames.Chunk(Json)]);

        Assert.True(isSound);
        Assert.Equal($"event: content_block_delta\ndata: {Json}\n\n", text);
    }

    [Fact]
    public void Base64_with_escaped_slashes_and_events_over_several_lines_are_read()
    {
        const string Json = "{\n \"index\": 0,\r\n \"delta\": {\"type\": \"x\"}, \"type\": \"content_block_delta\", \"pad\": \"????>>>>\"}";
        var base64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(Json));
        Assert.Contains('/', base64);
        var frame = EventStreamFrames.Event("chunk", $$"""{"p":"x","bytes":"{{base64.Replace("/", "\\/", StringComparison.Ordinal)}}"}""");

        var (text, _) = BedrockWire.Unframe(Dialect.Anthropic, [frame]);

        Assert.Equal($"event: content_block_delta\ndata: {Json.Replace('\n', ' ').Replace('\r', ' ')}\n\n", text);
    }

    [Theory]
    [InlineData("""{"bytes":"e30=","p":"a"}""")]
    [InlineData("""{"bytes":""}""")]
    [InlineData("""{"bytes":"!!!!"}""")]
    [InlineData("""{"bytes":17}""")]
    [InlineData("""{"p":"abc"}""")]
    [InlineData("no json")]
    [InlineData("")]
    [InlineData("""{"bytes":"eyJ0eXBlIjoxN30="}""")]
    public void Chunk_without_an_event_is_left_out(string payload)
    {
        var (text, isSound) = BedrockWire.Unframe(Dialect.Anthropic, [EventStreamFrames.Event("chunk", payload), PingFrame]);

        Assert.Equal((Ping, true), (text, isSound));
    }

    [Theory]
    [InlineData("throttlingException", "rate_limit_error")]
    [InlineData("serviceUnavailableException", "overloaded_error")]
    [InlineData("validationException", "invalid_request_error")]
    [InlineData("modelTimeoutException", "timeout_error")]
    [InlineData("internalServerException", "api_error")]
    [InlineData("modelStreamErrorException", "api_error")]
    [InlineData("somethingNew", "api_error")]
    public void Exception_becomes_anthropics_error_and_nothing_follows_it(string name, string type)
    {
        foreach (var dialect in (Dialect[])[Dialect.Anthropic, Dialect.Converse])
        {
            var frame = EventStreamFrames.Build(
                """{"message":"Said \"so\"."}""", (":exception-type", name), (":message-type", "exception"));

            var (text, isSound) = BedrockWire.Unframe(dialect, [frame, PingFrame]);

            Assert.True(isSound);
            Assert.Equal(
                """{"type":"error","error":{"type":"TYPE","message":"Said \"so\"."}}""".Replace("TYPE", type, StringComparison.Ordinal),
                text["event: error\ndata: ".Length..].TrimEnd('\n'));
            var reader = AnswerReader.Create(dialect, isStream: true).Read(text);
            Assert.Equal((true, type, "Said \"so\"."), (reader.HasError, reader.ErrorType, reader.ErrorMessage));
        }
    }

    [Fact]
    public void Error_frame_says_what_its_headers_say()
    {
        var frame = EventStreamFrames.Build(
            "", (":error-code", "InternalServerException"), (":error-message", "Gone."), (":message-type", "error"));

        var (text, _) = BedrockWire.Unframe(Dialect.Anthropic, [frame]);

        Assert.Contains("\"api_error\",\"message\":\"Gone.\"", text, StringComparison.Ordinal);
    }

    // A flipped bit in a length may only make the frame look longer: then its end is missing.
    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        for (var i = 0; i < PingFrame.Length * 8; i++)
        {
            var bytes = PingFrame.ToArray();
            bytes[i / 8] ^= (byte)(1 << (i % 8));

            Assert.Equal(("", false), BedrockWire.Unframe(Dialect.Anthropic, [bytes]));
        }
    }

    [Fact]
    public void Every_stream_that_ends_in_a_frame_is_noticed()
    {
        byte[] sound = [.. PingFrame, .. PingFrame];
        for (var length = 0; length <= sound.Length; length++)
        {
            var (_, isSound) = BedrockWire.Unframe(Dialect.Anthropic, [sound.AsMemory(0, length)]);

            Assert.Equal(length % PingFrame.Length == 0, isSound);
        }
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(15u, 0u)]
    [InlineData(16u, 1u)]
    [InlineData(17u << 20, 0u)]
    [InlineData(0xFFFFFFFFu, 0u)]
    [InlineData(300_000u, 200_000u)]
    [InlineData(32u, 0xFFFFFFFFu)]
    public void Length_that_cannot_be_is_refused_before_anything_is_kept(uint total, uint headers)
    {
        var prelude = new byte[12];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude, total);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(4), headers);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(prelude.AsSpan(8), Crc32.Of(prelude.AsSpan(0, 8)));

        Assert.False(new EventStreamFraming(Dialect.Anthropic).Append(prelude, new ArrayBufferWriter<byte>()));
    }

    [Fact]
    public void Headers_of_every_kind_are_passed_over()
    {
        byte[] headers =
        [
            1, (byte)'a', 0, 1, (byte)'b', 1, 1, (byte)'c', 2, 9, 1, (byte)'d', 3, 9, 9, 1, (byte)'e', 4, 9, 9, 9, 9,
            1, (byte)'f', 5, 9, 9, 9, 9, 9, 9, 9, 9, 1, (byte)'g', 6, 0, 2, 9, 9, 1, (byte)'h', 8, 9, 9, 9, 9, 9, 9, 9, 9,
            1, (byte)'i', 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
            11, .. ":event-type"u8, 7, 0, 1, (byte)'x',
        ];

        var (text, isSound) = BedrockWire.Unframe(Dialect.Converse, [EventStreamFrames.Build("{}"u8.ToArray(), headers)]);

        Assert.Equal(("event: x\ndata: {}\n\n", true), (text, isSound));
        for (var cut = 1; cut < headers.Length; cut++)
        {
            // What is cut in the middle of a header is no frame; at its end it is one without a name.
            var (rest, _) = BedrockWire.Unframe(
                Dialect.Converse, [EventStreamFrames.Build("{}"u8.ToArray(), headers[..cut])]);
            Assert.Empty(rest);
        }
    }

    [Fact]
    public void Crc_is_that_of_the_standard() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    [Fact]
    public void Nothing_is_allocated_for_a_frame()
    {
        var framing = new EventStreamFraming(Dialect.Anthropic);
        var output = new ArrayBufferWriter<byte>(1 << 16);
        var frame = EventStreamFrames.Chunk("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word"}}""");
        void Take(int times)
        {
            for (var i = 0; i < times; i++)
            {
                framing.Append(frame, output);
                output.ResetWrittenCount();
            }
        }

        Take(100);
        Assert.Equal(0, Allocations.Least(() => Take(1000)));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(7);
        byte[] sound = [.. PingFrame, .. EventStreamFrames.Event("metadata", "{}")];
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = sound.ToArray();
            for (var j = random.Next(4); j >= 0; j--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            BedrockWire.Unframe(i % 2 == 0 ? Dialect.Anthropic : Dialect.Converse, [bytes.AsMemory(random.Next(20))]);
        }
    }
}
