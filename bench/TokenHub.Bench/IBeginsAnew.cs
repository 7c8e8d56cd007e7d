namespace TokenHub.Bench;

/// <summary>
/// Benchmarks whose operations begin something anew again and again, which allocates, between pieces that must not.
/// </summary>
internal interface IBeginsAnew
{
    /// <summary>Bytes allocated so far by beginnings and ends; they are not charged to the operations.</summary>
    public long BeginningBytes { get; }
}
