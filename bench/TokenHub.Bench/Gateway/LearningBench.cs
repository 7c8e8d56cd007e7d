using BenchmarkDotNet.Attributes;
using TokenHub.Gateway.Channels;
using TokenHub.Gateway.Learned;

namespace TokenHub.Bench.Gateway;

/// <summary>What is learnt of one answer: the time to its first token, its length; and a length asked for.</summary>
public class LearningBench
{
    private const int Samples = 1024;

    private readonly ChannelLive _live = new(1);
    private readonly OutputLengths _lengths = new();
    private readonly int[] _values = new int[Samples];
    private int _next;

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(1);
        for (var i = 0; i < Samples; i++)
        {
            _values[i] = random.Next(1, 8_000);
            _lengths.Note("gpt-5", 23, _values[i]);
        }
    }

    [Benchmark]
    public int NoteFirstToken()
    {
        FirstTokens.Note(_live, _values[_next++ % Samples]);
        return _live.FirstTokenP95Ms;
    }

    [Benchmark]
    public void NoteLength() => _lengths.Note("gpt-5", 23, _values[_next++ % Samples]);

    [Benchmark]
    public int AskLength() => _lengths.LearnedOf("gpt-5", 23);
}
