using BenchmarkDotNet.Attributes;
using TokenHub.Core.Snapshots;

namespace TokenHub.Bench.Protocols;

/// <summary>
/// What each chunk of a stream costs to translate, by upstream and client. An operation is one chunk of a stream of a
/// hundred, metering and the answer's beginning and end included.
/// </summary>
public class TranslationBench : IBeginsAnew
{
    private readonly CrossedStream[] _streams = [.. CrossedStream.All()];

    /// <inheritdoc/>
    public long BeginningBytes => _streams.Sum(stream => stream.EdgeBytes);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ChatToResponses() => Translate(Dialect.Chat, Dialect.Responses);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ChatToAnthropic() => Translate(Dialect.Chat, Dialect.Anthropic);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ChatToGemini() => Translate(Dialect.Chat, Dialect.Gemini);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ResponsesToChat() => Translate(Dialect.Responses, Dialect.Chat);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ResponsesToAnthropic() => Translate(Dialect.Responses, Dialect.Anthropic);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int ResponsesToGemini() => Translate(Dialect.Responses, Dialect.Gemini);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int AnthropicToChat() => Translate(Dialect.Anthropic, Dialect.Chat);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int AnthropicToResponses() => Translate(Dialect.Anthropic, Dialect.Responses);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int AnthropicToGemini() => Translate(Dialect.Anthropic, Dialect.Gemini);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int GeminiToChat() => Translate(Dialect.Gemini, Dialect.Chat);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int GeminiToResponses() => Translate(Dialect.Gemini, Dialect.Responses);

    [Benchmark(OperationsPerInvoke = Samples.StreamChunks)]
    public int GeminiToAnthropic() => Translate(Dialect.Gemini, Dialect.Anthropic);

    private int Translate(Dialect upstream, Dialect client)
    {
        foreach (var stream in _streams)
        {
            if (stream.Upstream == upstream && stream.Client == client)
            {
                return stream.Translate();
            }
        }

        return 0;
    }
}
