using System.Buffers;
using BenchmarkDotNet.Attributes;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Bench.Protocols;

/// <summary>
/// What each chunk of a stream costs to read, by dialect. An operation is one chunk of a stream of a hundred.
/// </summary>
public class AnswerBench
{
    private readonly AnswerReader _chat = AnswerReader.Create(Dialect.Chat, isStream: true);
    private readonly AnswerReader _responses = AnswerReader.Create(Dialect.Responses, isStream: true);
    private readonly AnswerReader _anthropic = AnswerReader.Create(Dialect.Anthropic, isStream: true);
    private readonly AnswerReader _gemini = AnswerReader.Create(Dialect.Gemini, isStream: true);

    private readonly AnswerReader _counted = AnswerReader.Create(
        Dialect.Chat, isStream: true, TokenizerCatalog.CreateCounter(TokenEncoding.O200k));

    private readonly byte[][] _chatStream = Samples.Stream(Dialect.Chat, includesUsage: true);
    private readonly byte[][] _responsesStream = Samples.Stream(Dialect.Responses, includesUsage: true);
    private readonly byte[][] _anthropicStream = Samples.Stream(Dialect.Anthropic, includesUsage: true);
    private readonly byte[][] _geminiStream = Samples.Stream(Dialect.Gemini, includesUsage: true);
    private readonly ChatUsageFilter _filter = new();
    private readonly ArrayBufferWriter<byte> _filtered = new(4096);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public long Chat() => Read(_chat, _chatStream);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public long ChatCountedExactly() => Read(_counted, _chatStream);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public long Responses() => Read(_responses, _responsesStream);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public long Anthropic() => Read(_anthropic, _anthropicStream);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public long Gemini() => Read(_gemini, _geminiStream);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ChatFilter()
    {
        var length = 0;
        _filter.Reset();
        foreach (var piece in _chatStream)
        {
            _filtered.ResetWrittenCount();
            _filter.Append(piece, _filtered);
            length += _filtered.WrittenCount;
        }

        _filter.Complete(_filtered);
        return length;
    }

    private static long Read(AnswerReader reader, byte[][] stream)
    {
        reader.Reset();
        foreach (var piece in stream)
        {
            reader.Append(piece);
        }

        reader.Complete();
        return reader.CountedOutputTokens;
    }
}
