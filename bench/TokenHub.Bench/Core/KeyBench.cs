using System.Text;
using BenchmarkDotNet.Attributes;
using TokenHub.Core.Keys;

namespace TokenHub.Bench.Core;

/// <summary>What is done with each key before anything is looked up.</summary>
public class KeyBench
{
    private readonly byte[] _key = Encoding.ASCII.GetBytes(HubKey.Create());

    [Benchmark]
    public bool Check() => HubKey.IsWellFormed(_key);

    [Benchmark]
    public HubKeyHash Hash() => HubKeyHash.Of(_key);
}
