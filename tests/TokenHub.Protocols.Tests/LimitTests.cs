using System.Buffers;
using System.Diagnostics;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests;

/// <summary>
/// What reading an answer costs: time in proportion to its length, however it is cut, and no memory that grows with
/// it, for recorded traffic and our own corpus.
/// </summary>
public sealed class LimitTests
{
    // The meter keeps the model's name and an error's words as text, the decoder the ids of calls that came without
    // one.
    private const int MeterBytesMax = 4 << 10;
    private const int DecoderBytesMax = 4 << 10;
    private const int Chunks = 300;

    public static TheoryData<string> Names =>
        [.. WireCase.Names().Where(name => name.Length > 0).Select(name => $"wire {name}"),
            .. GoldenCase.Names().Select(name => $"golden {name}")];

    public static TheoryData<Dialect, Dialect> Pairs => Crossings.MatrixTests.Pairs;

    [Theory, MemberData(nameof(Names))]
    public void Answer_cut_at_every_byte_takes_no_more_than_its_time_and_room(string name)
    {
        var (dialect, isStream, bytes) = Load(name);
        var (meter, decoder) = (AnswerReader.Create(dialect, isStream), DialectCodecs.Of(dialect).NewDecoder());
        var (sink, pieces) = (new DecodedWire.Deaf(), Chunker.Single(bytes));

        var metered = Cost(() => meter.Read(pieces));
        var decoded = Cost(() =>
        {
            decoder.Begin(Context(dialect));
            foreach (var piece in pieces)
            {
                decoder.Append(piece.Span, sink);
            }

            decoder.Complete(sink);
        });

        var timeMax = TimeSpan.FromMilliseconds(100) + TimeSpan.FromMicroseconds(5 * bytes.Length);
        Assert.InRange(metered.Bytes, 0, MeterBytesMax);
        Assert.InRange(decoded.Bytes, 0, DecoderBytesMax);
        Assert.InRange(metered.Time, TimeSpan.Zero, timeMax);
        Assert.InRange(decoded.Time, TimeSpan.Zero, timeMax);
    }

    // Between a dialect and itself nothing is translated, but its codecs may do no worse.
    [Theory, MemberData(nameof(Pairs))]
    public void Chunk_is_translated_without_allocating(Dialect client, Dialect upstream)
    {
        var (decoder, encoder) = (DialectCodecs.Of(upstream).NewDecoder(), DialectCodecs.Of(client).NewStreamEncoder!());
        var output = new ArrayBufferWriter<byte>(64 << 10);
        var (head, chunk) = (Encoding.UTF8.GetBytes(Head(upstream)), Encoding.UTF8.GetBytes(Chunk(upstream)));
        encoder.WriteTo(output);
        var bytes = long.MaxValue;
        for (var round = 0; round < 8 && bytes > 0; round++)
        {
            // What the first answer grew serves those after it.
            encoder.Begin(Context(upstream));
            decoder.Begin(Context(upstream));
            decoder.Append(head, encoder);
            bytes = Allocations.Once(() =>
            {
                for (var i = 0; i < Chunks; i++)
                {
                    output.ResetWrittenCount();
                    decoder.Append(chunk, encoder);
                }
            });
        }

        Assert.True(output.WrittenCount > 0);
        Assert.Equal(0, bytes);
    }

    private static (long Bytes, TimeSpan Time) Cost(Action read)
    {
        var best = (Bytes: long.MaxValue, Time: TimeSpan.MaxValue);
        for (var i = 0; i < 4; i++)
        {
            var (before, start) = (GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            read();
            var time = Stopwatch.GetElapsedTime(start);
            best = (Math.Min(best.Bytes, GC.GetAllocatedBytesForCurrentThread() - before),
                time < best.Time ? time : best.Time);
        }

        return best;
    }

    private static AnswerContext Context(Dialect upstream) => new()
    {
        RequestId = "r", Model = "m", Upstream = upstream, UpstreamModel = "u", CreatedSeconds = 1,
    };

    private static string Head(Dialect dialect) => dialect switch
    {
        Dialect.Anthropic =>
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"u\"}}\n\n"
            + "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
            + "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        Dialect.Responses =>
            "data: {\"type\":\"response.created\",\"response\":{\"id\":\"i\",\"model\":\"u\"}}\n\n"
            + "data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"message\"}}\n\n",
        _ => "",
    } + Chunk(dialect);

    private static string Chunk(Dialect dialect) => "data: " + dialect switch
    {
        Dialect.Anthropic => "{\"type\":\"content_block_delta\",\"index\":0,"
            + "\"delta\":{\"type\":\"text_delta\",\"text\":\"a \\u00e9\"}}",
        Dialect.Responses => "{\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a \\u00e9\"}",
        Dialect.Gemini => "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a \\u00e9\"}]},\"index\":0}]}",
        _ => "{\"id\":\"i\",\"model\":\"u\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a \\u00e9\"}}]}",
    } + "\n\n";

    private static (Dialect Dialect, bool IsStream, byte[] Bytes) Load(string name)
    {
        var (kind, path) = (name.Split(' ')[0], name.Split(' ')[1]);
        if (kind == "wire")
        {
            var wire = WireCase.Load(path);
            return (wire.Dialect, wire.IsStream, wire.Bytes);
        }

        var golden = GoldenCase.Load(path);
        return (golden.Dialect, golden.IsStream, golden.Bytes);
    }
}
