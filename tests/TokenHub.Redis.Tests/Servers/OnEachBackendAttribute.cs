using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace TokenHub.Redis.Tests.Servers;

/// <summary>Runs a theory once on each backend.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnEachBackendAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(
        MethodInfo testMethod, DisposalTracker disposalTracker) =>
        new([new TheoryDataRow<Backend>(Backend.Redis), new TheoryDataRow<Backend>(Backend.Garnet)]);

    public override bool SupportsDiscoveryEnumeration() => true;
}
