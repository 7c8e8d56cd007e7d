namespace TokenHub.Gateway.Telemetry;

/// <summary>What became of conversations and of their prompts in the upstreams' caches.</summary>
internal sealed class ConversationCounts
{
    private long _begun;
    private long _kept;
    private long _moved;
    private long _unbound;
    private long _lostTokens;

    /// <summary>Answers that bound a conversation, kept it, moved it, or left it unbound for their slowness.</summary>
    public (long Begun, long Kept, long Moved, long Unbound) Answers => (
        Volatile.Read(ref _begun), Volatile.Read(ref _kept), Volatile.Read(ref _moved), Volatile.Read(ref _unbound));

    /// <summary>Tokens that were probably cached where conversations have left.</summary>
    public long LostTokens => Volatile.Read(ref _lostTokens);

    public void Begun() => Interlocked.Increment(ref _begun);

    public void Kept() => Interlocked.Increment(ref _kept);

    public void Moved(long cachedTokens)
    {
        Interlocked.Increment(ref _moved);
        Interlocked.Add(ref _lostTokens, cachedTokens);
    }

    public void Unbound() => Interlocked.Increment(ref _unbound);
}
