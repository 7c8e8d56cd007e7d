namespace TokenHub.Core.Usage;

/// <summary>
/// What was odd in the usage an upstream reported, and what was done about it. Values are stored: never renumber.
/// </summary>
[Flags]
public enum UsageNotes : ushort
{
    None = 0,

    /// <summary>Negative, fractional, or beyond any number of tokens: replaced by the gateway's own count.</summary>
    Impossible = 1,

    /// <summary>A later report was smaller than an earlier one: the larger stands.</summary>
    Decreasing = 2,

    /// <summary>More than the model's context or output limit: replaced by the gateway's own count.</summary>
    BeyondLimit = 4,

    /// <summary>Output outside half to twice the own count: charged as reported.</summary>
    FarOff = 8,

    /// <summary>Output outside half to twice the own count on an untrusted channel: held to that band.</summary>
    Clamped = 16,

    /// <summary>The upstream named another model than the one it was asked for.</summary>
    OtherModel = 32,

    /// <summary>Usage of other models is in the sum, at the asked model's price.</summary>
    MixedModels = 64,

    /// <summary>The client left and the answer was read on, within its bounds, to learn the usage.</summary>
    Drained = 128,
}
