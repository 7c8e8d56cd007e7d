using System.Numerics;

namespace TokenHub.Load.Results;

/// <summary>Counts times in buckets of about 1.6 % width, from nanoseconds to hours, from any thread.</summary>
internal sealed class Histogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private readonly long[] _counts = new long[(64 - SubBits) * SubBuckets];
    private long _max;

    public long Count => _counts.Sum();

    public void Add(long nanoseconds)
    {
        var value = Math.Max(nanoseconds, 0);
        Interlocked.Increment(ref _counts[IndexOf(value)]);
        var max = Volatile.Read(ref _max);
        while (value > max && (max = Interlocked.CompareExchange(ref _max, value, max)) < value)
        {
            // Another thread raised it in between.
        }
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _max = 0;
    }

    public Percentiles Read() => new(At(0.50), At(0.90), At(0.99), _max / 1000.0);

    /// <summary>Microseconds below which a share of the values lies.</summary>
    private double At(double share)
    {
        var wanted = (long)Math.Ceiling(Count * share);
        var seen = 0L;
        for (var i = 0; i < _counts.Length && wanted > 0; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
            {
                return Math.Min(ValueOf(i), _max) / 1000.0;
            }
        }

        return 0;
    }

    private static int IndexOf(long value)
    {
        var shift = Math.Max(0, 63 - BitOperations.LeadingZeroCount((ulong)value | 1) - SubBits);
        return (int)((shift << SubBits) + (value >> shift));
    }

    // The upper edge of the bucket.
    private static long ValueOf(int index)
    {
        var shift = Math.Max(0, (index >> SubBits) - 1);
        return ((long)(index - (shift << SubBits) + 1) << shift) - 1;
    }
}

/// <summary>In microseconds.</summary>
internal readonly record struct Percentiles(double P50, double P90, double P99, double Max);
