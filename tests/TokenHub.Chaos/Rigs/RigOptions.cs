namespace TokenHub.Chaos.Rigs;

/// <summary>What a rig is made of.</summary>
internal sealed record RigOptions(string Backend, int Seed)
{
    public int PaceMs { get; init; } = 120;

    /// <summary>Where gateways keep their data in place of the rig's folder, by gateway; null for none.</summary>
    public string? GatewayFolder { get; init; }

    /// <summary>Where PostgreSQL keeps its data; null for a temporary folder.</summary>
    public string? DatabaseFolder { get; init; }

    /// <summary>Where a single redis-server keeps its data; null for a temporary folder.</summary>
    public string? StoreFolder { get; init; }

    public Dictionary<string, string> GatewayVariables { get; init; } = [];

    /// <summary>Channels, each with a door of its own at the upstream.</summary>
    public int Channels { get; init; } = 2;
}
