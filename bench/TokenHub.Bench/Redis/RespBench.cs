using BenchmarkDotNet.Attributes;
using TokenHub.Core.Money;
using TokenHub.Redis;
using TokenHub.Redis.Resp;

namespace TokenHub.Bench.Redis;

/// <summary>One reservation on its way to Redis, and its reply on the way back, without the socket.</summary>
public class RespBench
{
    private readonly RespBuffer _out = new(4096);
    private readonly RespCallPool _pool = new(continueInline: true);
    private readonly HoldRequest _hold = new(
        Samples.Rid, 17, 23, new Usd(1_250_000), 90_000, 1, 1, null, 100, null, 600, null, 2346);

    private RespFrameScanner _scanner;

    private static ReadOnlySpan<byte> Reply => "*3\r\n:1\r\n:998750000\r\n:0\r\n"u8;

    [Benchmark]
    public int WriteReserve()
    {
        var command = new ReserveCommand(_hold);
        var call = _pool.Rent(command.Script);
        command.Write(call, Shards.Of(17), 5);
        _out.Clear(4096);
        call.WriteTo(_out, default);
        var length = _out.Length;
        call.Abandon();
        return length;
    }

    [Benchmark]
    public long ReadReply()
    {
        _scanner.TryScan(Reply, out var length);
        var reader = new RespReader(Reply[..length]);
        reader.ReadAggregate();
        return reader.ReadInteger() + reader.ReadInteger() + reader.ReadInteger();
    }
}
