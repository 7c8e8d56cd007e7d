using BenchmarkDotNet.Attributes;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Bench.Protocols;

/// <summary>What is read of a request's body: a first question, and a long conversation.</summary>
public class RequestBench
{
    private readonly byte[] _short = Samples.ChatRequest(turns: 1);
    private readonly byte[] _long = Samples.ChatRequest(turns: 60);
    private readonly System.Buffers.ArrayBufferWriter<byte> _spliced = new(64 << 10);

    [Benchmark]
    public bool ScanShort() => RequestScanner.TryScan(Dialect.Chat, _short, out _, out _);

    [Benchmark]
    public bool ScanLong() => RequestScanner.TryScan(Dialect.Chat, _long, out _, out _);

    [Benchmark]
    public long ScanAndEstimate()
    {
        RequestScanner.TryScan(Dialect.Chat, _short, out var facts, out _);
        return TokenEstimate.Of(facts, Dialect.Chat);
    }

    [Benchmark]
    public int ScanAndSplice()
    {
        RequestScanner.TryScan(Dialect.Chat, _short, out var facts, out _);
        _spliced.ResetWrittenCount();
        BodySplice.Write(_short, facts, "gpt-4o-mini-2024", includeUsage: true, _spliced);
        return _spliced.WrittenCount;
    }
}
