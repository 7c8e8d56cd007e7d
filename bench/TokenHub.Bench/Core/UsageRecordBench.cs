using BenchmarkDotNet.Attributes;
using TokenHub.Core.Usage;

namespace TokenHub.Bench.Core;

/// <summary>The record of a request, on its way into the log and out of it.</summary>
public class UsageRecordBench
{
    private readonly UsageRecord _record = Samples.Record(Samples.Rid);
    private readonly byte[] _bytes = new byte[UsageRecordCodec.BytesMax];
    private int _length;

    [GlobalSetup]
    public void Setup() => _length = UsageRecordCodec.Write(_record, _bytes);

    [Benchmark]
    public int Write() => UsageRecordCodec.Write(_record, _bytes);

    [Benchmark]
    public bool Read() => UsageRecordCodec.TryRead(_bytes.AsSpan(0, _length), out _);
}
