namespace TokenHub.Standalone.Processes;

/// <summary>What to start and how to stop it.</summary>
public sealed record ProcessSpec
{
    public static readonly TimeSpan StopWithinUsual = TimeSpan.FromSeconds(3);

    public required string Name { get; init; }
    public required string File { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string WorkingFolder { get; init; } = "/";

    /// <summary>PostgreSQL refuses to run as root; started by root it runs as nobody.</summary>
    public bool AsNobody { get; init; }

    public int StopSignal { get; init; } = Signals.Terminate;
    public TimeSpan StopWithin { get; init; } = StopWithinUsual;

    /// <summary>Exit codes with which it says that starting it again is of no use.</summary>
    public IReadOnlyList<int> FinalExitCodes { get; init; } = [];
}
