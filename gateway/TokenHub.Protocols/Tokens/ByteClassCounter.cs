namespace TokenHub.Protocols.Tokens;

/// <summary>Counts for models without a public vocabulary: bytes by class, as <see cref="TokenEstimate"/>.</summary>
public sealed class ByteClassCounter : IncrementalCounter
{
    private InputTally _tally;

    public override long Count => TokenEstimate.OfText(_tally);

    // A character's class is told by its first byte alone, so a cut inside one changes nothing.
    public override void Append(ReadOnlySpan<byte> utf8) => _tally.AddText(utf8);

    public override void Break()
    {
    }

    public override void Reset() => _tally = default;
}
