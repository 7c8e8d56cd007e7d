namespace TokenHub.Protocols.Streams;

/// <summary>What has been found in the event at hand; it takes effect when the event is complete.</summary>
internal record struct EventState
{
    public bool HasContent { get; set; }

    public bool HasError { get; set; }

    /// <summary>Something follows the document in the event's data.</summary>
    public bool IsSpoilt { get; set; }

    /// <summary>The root is an array of events, or a single one.</summary>
    public bool IsArray { get; set; }

    public bool IsBlocked { get; set; }

    /// <summary>The event brings the output a second time, and it is the first that was seen of it.</summary>
    public bool HasLateText { get; set; }

    /// <summary>The node whose reasoning is counted within the delta at hand.</summary>
    public int ReasoningNode { get; set; }

    public bool IsThought { get; set; }

    public long PartTextBytes { get; set; }

    /// <summary>Pictures in it, each in an object of its own.</summary>
    public int Pictures { get; set; }

    /// <summary>It says how long the sound is.</summary>
    public bool HasSeconds { get; set; }

    /// <summary>The item or block that the event is about.</summary>
    public int Index { get; set; }
}

/// <summary>The usage that the event at hand reports.</summary>
internal struct EventUsage
{
    public UsageDraft Plain;
    public UsageDraft Iteration;
    public UsageDraft Iterations;
    public int IterationCount;
    public bool HasFallback;
    public bool HasOtherModel;
    public bool IsOneHour;
}
