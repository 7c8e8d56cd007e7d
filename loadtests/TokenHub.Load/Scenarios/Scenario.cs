namespace TokenHub.Load.Scenarios;

/// <summary>A named load, as a file in <c>loadtests/scenarios</c> describes it.</summary>
internal sealed record Scenario
{
    public required string Name { get; init; }

    public required string Summary { get; init; }

    public required IReadOnlyList<Step> Steps { get; init; }
}

/// <summary>
/// One measurement of a scenario; run against each target in turn. Set, not init: a generated reader would overwrite
/// the defaults of init properties that the file leaves out.
/// </summary>
internal sealed record Step
{
    public const string Closed = "closed";
    public const string Rate = "rate";
    public const string Streams = "streams";
    public const string Money = "money";

    public required string Name { get; init; }

    /// <summary><c>closed</c>, <c>rate</c>, <c>streams</c> or <c>money</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The mock's script.</summary>
    public string Model { get; set; } = "mock-c1";

    /// <summary>Dialects, dealt out over the callers in turn.</summary>
    public IReadOnlyList<string> Dialects { get; set; } = ["chat"];

    public bool Stream { get; set; }

    public bool IncludeUsage { get; set; }

    public int PromptBytes { get; set; } = 200;

    /// <summary>Callers that have a call under way, or may have one at a rate.</summary>
    public int InFlight { get; set; } = 64;

    /// <summary>Calls that are measured in a closed loop.</summary>
    public int Count { get; set; } = 1000;

    /// <summary>Calls before them, for the compiler to settle.</summary>
    public int WarmUpCount { get; set; }

    /// <summary>Calls begun a second.</summary>
    public int PerSecond { get; set; }

    /// <summary>Streams open at once, one caller each, begun over this time.</summary>
    public int StreamCount { get; set; }

    public int StartOverSeconds { get; set; } = 1;

    public int WarmUpSeconds { get; set; }

    /// <summary>How long is measured, where time decides.</summary>
    public int Seconds { get; set; }

    /// <summary>The only targets of this step; all of them when left out.</summary>
    public IReadOnlyList<string>? Via { get; set; }

    /// <summary>The fault that must be found, where the upstream makes one on purpose.</summary>
    public string? Expect { get; set; }

    /// <summary>No run takes longer: what is still open then has failed.</summary>
    public int SecondsMax { get; set; } = 120;
}
