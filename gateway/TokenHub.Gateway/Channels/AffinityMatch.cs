using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels;

/// <summary>The conversation that a request belongs to, and the channel that it is bound to.</summary>
/// <param name="Rule">The rule that found the conversation; null when none did.</param>
/// <param name="Key">Names the conversation, namespaced by tenant, group and rule: 128 bits.</param>
/// <param name="Channel">The channel it is bound to; 0 when it is not bound yet.</param>
/// <param name="CachedTokens">Tokens of prompt that were cached there when it was last used.</param>
/// <param name="AgeMs">Since it was last used there.</param>
/// <param name="CachedBp">Chance that they still are, in basis points.</param>
/// <param name="Binding">What was stored of it; null when it is not bound.</param>
/// <param name="IsStale">A binding is stored that does not hold any more.</param>
internal readonly record struct AffinityMatch(
    AffinityRule? Rule,
    UInt128 Key,
    long Channel,
    long CachedTokens,
    long AgeMs,
    int CachedBp = 0,
    Binding? Binding = null,
    bool IsStale = false)
{
    public bool IsBound => Channel != 0;

    /// <summary>No other channel may serve while the binding lives.</summary>
    public bool IsPinned => IsBound && Rule!.IsPinned;
}
