namespace TokenHub.Protocols.Streams;

/// <summary>Things an upstream did that a correct one does not do. None of them stops the reading.</summary>
[Flags]
public enum StreamFaults : byte
{
    None = 0,

    /// <summary>
    /// A usage number was negative, fractional, beyond 2^53 or none; its whole report was ignored, and none before it
    /// is final.
    /// </summary>
    UsageImpossible = 1,

    /// <summary>A cumulative number went down; the report was ignored.</summary>
    UsageDecreased = 2,

    /// <summary>Parts of the usage were larger than their whole and were cut to it.</summary>
    UsagePartsTooLarge = 4,

    /// <summary>An event's data, or the body, was not one JSON document.</summary>
    Malformed = 8,

    /// <summary>The answer began a second time in the middle of the first.</summary>
    Restarted = 16,

    /// <summary>An event was longer than <see cref="AnswerReader.EventBytesMax"/>; nothing after it was read.</summary>
    EventTooLong = 32,

    /// <summary>The usage covers tokens of a model other than the one asked for.</summary>
    OtherModel = 64,
}
