using TokenHub.Chaos.Proxies;

namespace TokenHub.Chaos.Rigs;

/// <summary>Every edge between two parts, each with a proxy that can spoil it.</summary>
internal sealed class Edges : IAsyncDisposable
{
    public required IReadOnlyList<FaultProxy> Clients { get; init; }

    /// <summary>By gateway, then by node of the store.</summary>
    public required IReadOnlyList<IReadOnlyList<FaultProxy>> GatewayStores { get; init; }

    public required IReadOnlyList<FaultProxy> GatewayPlanes { get; init; }

    /// <summary>One for each channel.</summary>
    public required IReadOnlyList<FaultProxy> Upstreams { get; init; }

    public required IReadOnlyList<FaultProxy> PlaneStores { get; init; }

    public required FaultProxy PlaneDatabase { get; init; }

    public IEnumerable<FaultProxy> All =>
        [.. Clients, .. GatewayStores.SelectMany(s => s).Concat(PlaneStores).Distinct(), .. GatewayPlanes, .. Upstreams,
            PlaneDatabase];

    public void Heal()
    {
        foreach (var edge in All)
        {
            edge.Heal();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var edge in All)
        {
            await edge.DisposeAsync();
        }
    }
}
