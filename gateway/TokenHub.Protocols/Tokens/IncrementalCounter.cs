namespace TokenHub.Protocols.Tokens;

/// <summary>Counts the tokens of a text that comes in pieces of UTF-8 cut anywhere, in constant memory.</summary>
public abstract class IncrementalCounter
{
    /// <summary>Tokens of all text so far; the last few bytes may be a guess until <see cref="Break"/>.</summary>
    public abstract long Count { get; }

    public abstract void Append(ReadOnlySpan<byte> utf8);

    /// <summary>The text before is complete; what follows is not joined to it.</summary>
    public abstract void Break();

    public abstract void Reset();
}
