namespace TokenHub.Load.Results;

/// <summary>What one step against one target came to.</summary>
internal sealed record StepResult
{
    public required string Scenario { get; init; }

    public required string Step { get; init; }

    public required string Target { get; init; }

    public required double Seconds { get; init; }

    public required long Calls { get; init; }

    public required long Chunks { get; init; }

    /// <summary>Of the target itself, user and system.</summary>
    public required double CpuMicroseconds { get; init; }

    public required IReadOnlyDictionary<string, double> NeighboursCpuMicroseconds { get; init; }

    public required Percentiles Latency { get; init; }

    public required Percentiles FirstByte { get; init; }

    public required Percentiles Transit { get; init; }

    public required long IdleKiB { get; init; }

    public required long LoadedKiB { get; init; }

    public required Faults Faults { get; init; }

    /// <summary>The fault that the upstream makes on purpose, if any.</summary>
    public string? Expected { get; init; }

    public bool IsOk => Faults.Are(Expected);

    /// <summary>Costs are told by the chunk where a call has many, else by the call.</summary>
    public bool CountsChunks => Transit.Max > 0 || Chunks > 100 * Math.Max(Calls, 1);

    public double Units => Math.Max(1, CountsChunks ? Chunks : Calls);

    public double CpuPerUnit => CpuMicroseconds / Units;
}
