using BenchmarkDotNet.Attributes;
using TokenHub.Core.Money;
using TokenHub.Gateway.Settlement;

namespace TokenHub.Bench.Gateway;

/// <summary>What each chunk and each request writes into the in-flight table.</summary>
public class InFlightBench : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-bench-");
    private InFlightTable _table = null!;
    private InFlightSlot _slot = null!;
    private long _tokens;

    [GlobalSetup]
    public void Setup()
    {
        _table = InFlightTable.Open(_folder.FullName, (_, _) => { });
        _table.TryOpen(Samples.Open(Samples.Rid), out _slot);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _table.Dispose();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void Progress() => _slot.Progress(1834, ++_tokens, new Usd(1_250_000));

    [Benchmark]
    public bool OpenAndRelease()
    {
        var isOpen = _table.TryOpen(Samples.Open(Samples.Rid), out var slot);
        _table.Release(slot);
        return isOpen;
    }
}
