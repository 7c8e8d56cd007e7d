using BenchmarkDotNet.Attributes;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Bench.Protocols;

/// <summary>
/// Counting tokens of plain English that comes a few words at a time; an operation is one piece of 20 bytes.
/// </summary>
public class TokenBench
{
    private const int Pieces = 50;
    private const int PieceBytes = 20;
    private readonly IncrementalCounter _o200k = TokenizerCatalog.CreateCounter(TokenEncoding.O200k);
    private readonly IncrementalCounter _cl100k = TokenizerCatalog.CreateCounter(TokenEncoding.Cl100k);
    private readonly IncrementalCounter _bytes = TokenizerCatalog.CreateCounter(TokenEncoding.ByteClass);

    private readonly byte[] _text = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(
        "the river runs past the old mill, and under the stone bridge where children used to fish on summer evenings. ",
        10)));

    [Benchmark(OperationsPerInvoke = Pieces)]
    public long O200k() => Count(_o200k);

    [Benchmark(OperationsPerInvoke = Pieces)]
    public long Cl100k() => Count(_cl100k);

    [Benchmark(OperationsPerInvoke = Pieces)]
    public long ByteClass() => Count(_bytes);

    private long Count(IncrementalCounter counter)
    {
        counter.Reset();
        for (var i = 0; i < Pieces; i++)
        {
            counter.Append(_text.AsSpan(i * PieceBytes, PieceBytes));
        }

        return counter.Count;
    }
}
