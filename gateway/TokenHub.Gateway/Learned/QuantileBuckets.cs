using System.Numerics;
using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Learned;

/// <summary>
/// A fading estimate of quantiles in fixed memory: samples counted in ranges that widen by a quarter of a power of two,
/// all halved when there are many, so that what is learnt follows what happens. Off by an eighth at most. Not
/// thread-safe.
/// </summary>
internal struct QuantileBuckets
{
    public const int Count = 64;
    private const int SamplesMax = 512;

    // Below so many an estimate is a guess.
    private const int SamplesMin = 8;
    private const int StepsPerOctave = 4;

    private Counters _counts;
    private int _total;

    public readonly int Samples => _total;

    /// <summary>Takes a sample; those above 2^17 share the last range.</summary>
    public void Add(int value)
    {
        _counts[BucketOf(value)]++;
        if (++_total < SamplesMax)
        {
            return;
        }

        _total = 0;
        for (var i = 0; i < Count; i++)
        {
            _counts[i] >>= 1;
            _total += _counts[i];
        }
    }

    /// <summary>The value that so many of 100 samples do not exceed; 0 before there are enough of them.</summary>
    public readonly int Quantile(int percent)
    {
        if (_total < SamplesMin)
        {
            return 0;
        }

        var rank = ((_total * percent) + 99) / 100;
        for (var i = 0; i < Count; i++)
        {
            rank -= _counts[i];
            if (rank <= 0)
            {
                return UpperOf(i);
            }
        }

        return UpperOf(Count - 1);
    }

    // Bucket 4 n + q holds values from 2^n (1 + q/4) on.
    internal static int BucketOf(int value)
    {
        if (value < StepsPerOctave)
        {
            return Math.Max(0, value);
        }

        var octave = BitOperations.Log2((uint)value);
        var quarter = (value >> (octave - 2)) & (StepsPerOctave - 1);
        return Math.Min(Count - 1, ((octave - 1) * StepsPerOctave) + quarter);
    }

    // The last value of a range: an estimate on the high side.
    internal static int UpperOf(int bucket)
    {
        if (bucket < StepsPerOctave)
        {
            return bucket;
        }

        var (octave, quarter) = ((bucket / StepsPerOctave) + 1, bucket % StepsPerOctave);
        return ((StepsPerOctave + quarter + 1) << (octave - 2)) - 1;
    }

    [InlineArray(Count)]
    private struct Counters
    {
        private ushort _first;
    }
}
