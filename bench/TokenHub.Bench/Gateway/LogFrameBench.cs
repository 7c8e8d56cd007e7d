using BenchmarkDotNet.Attributes;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Bench.Gateway;

/// <summary>One record's frame in the write-ahead log.</summary>
public class LogFrameBench
{
    private readonly byte[] _frame = new byte[LogFrame.LengthOf(UsageRecordCodec.BytesMax)];
    private byte[] _payload = [];

    [GlobalSetup]
    public void Setup()
    {
        var bytes = new byte[UsageRecordCodec.BytesMax];
        _payload = bytes[..UsageRecordCodec.Write(Samples.Record(Samples.Rid), bytes)];
        Write();
    }

    [Benchmark]
    public void Write() => LogFrame.Write(_frame, 12, 10, _payload);

    [Benchmark]
    public LogFrame.Reading Read() => LogFrame.Read(_frame, UsageRecordCodec.BytesMax, out _, out _, out _);
}
