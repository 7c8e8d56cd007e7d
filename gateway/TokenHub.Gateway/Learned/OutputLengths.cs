using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Learned;

/// <summary>
/// Learns how long the answers of each model are for each key (the length that 95 of 100 do not exceed), for the first
/// step of the hold: a hold that fits ties up less money and asks for its next step less often. A table of fixed size:
/// where it is full, who comes anew takes the place of who was seen least. Thread-safe.
/// </summary>
internal sealed class OutputLengths
{
    private const int Sets = 1024;
    private const int Ways = 4;

    /// <summary>No first step is smaller, whatever was learnt.</summary>
    public const int StepTokensMin = 64;

    private readonly Entry?[] _entries = new Entry?[Sets * Ways];

    /// <summary>Learns from an answer that came to its proper end.</summary>
    public void Note(UsageRecord record)
    {
        if (record.Outcome == Outcome.Completed)
        {
            Note(record.Model, record.Key, record.Usage.Output);
        }
    }

    internal void Note(string model, long key, long outputTokens)
    {
        if (outputTokens <= 0)
        {
            return;
        }

        var entry = Find(model, key) ?? Make(model, key);
        lock (entry)
        {
            entry.Buckets.Add((int)Math.Min(outputTokens, int.MaxValue));
            entry.P95 = entry.Buckets.Quantile(95);
        }
    }

    /// <summary>Output tokens to hold for at first; <paramref name="usual"/> as long as nothing is learnt.</summary>
    public int StepFor(string model, long key, int usual) =>
        Find(model, key) is { P95: > 0 and var p95 } ? Math.Max(StepTokensMin, p95) : usual;

    /// <summary>Output tokens that 95 of 100 answers do not exceed; 0 as long as nothing is learnt.</summary>
    public int LearnedOf(string model, long key) => Find(model, key)?.P95 ?? 0;

    private Entry? Find(string model, long key)
    {
        var first = FirstOf(model, key);
        for (var i = first; i < first + Ways; i++)
        {
            if (Volatile.Read(ref _entries[i]) is { } entry && entry.Key == key && entry.Model == model)
            {
                return entry;
            }
        }

        return null;
    }

    // Two who come at once may both be put in: one of them is found from then on.
    private Entry Make(string model, long key)
    {
        var first = FirstOf(model, key);
        var (place, least) = (first, int.MaxValue);
        for (var i = first; i < first + Ways; i++)
        {
            var samples = Volatile.Read(ref _entries[i])?.Buckets.Samples ?? -1;
            if (samples < least)
            {
                (place, least) = (i, samples);
            }
        }

        var made = new Entry(model, key);
        Volatile.Write(ref _entries[place], made);
        return made;
    }

    private static int FirstOf(string model, long key) =>
        (HashCode.Combine(model, key) & (Sets - 1)) * Ways;

    private sealed class Entry(string model, long key)
    {
        // A field: it is a struct that changes.
        public QuantileBuckets Buckets;

        public string Model { get; } = model;

        public long Key { get; } = key;

        public int P95 { get; set; }
    }
}
