namespace TokenHub.Core.Usage;

/// <summary>What of a request is measured in other units than tokens.</summary>
/// <param name="Images">Pictures made.</param>
/// <param name="AudioMs">Milliseconds of sound heard or made.</param>
/// <param name="Characters">Characters of text read aloud.</param>
public readonly record struct MediaUnits(long Images, long AudioMs, long Characters)
{
    /// <summary>No request has more of anything: a year of sound is less.</summary>
    public const long Max = 1L << 40;

    public bool IsEmpty => Images == 0 && AudioMs == 0 && Characters == 0;
}
