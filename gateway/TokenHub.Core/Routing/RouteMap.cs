using System.Runtime.CompilerServices;
using TokenHub.Core.Money;

namespace TokenHub.Core.Routing;

/// <summary>
/// Candidates put in order once, by what of them does not change from call to call: tiers of priority, weight or none,
/// own protocol or not; within a tier the older lot first. Immutable.
/// </summary>
public sealed class RouteMap
{
    private readonly int[] _at;
    private readonly int[] _tierOf;
    private readonly int[] _starts;
    private readonly long[] _ranks;
    private readonly double[] _sums;
    private readonly ulong[] _seeds;
    private readonly double[] _perWeight;
    private readonly double[] _leastInput;
    private readonly double[] _leastOutput;

    private RouteMap(int[] at, int[] tierOf, int[] starts, ReadOnlySpan<RouteInput> inputs, int serving)
    {
        (_at, _tierOf, _starts, Serving) = (at, tierOf, starts, serving);
        _ranks = new long[starts.Length - 1];
        _sums = new double[at.Length];
        _seeds = new ulong[at.Length];
        _perWeight = new double[at.Length];
        _leastInput = new double[at.Length];
        _leastOutput = new double[at.Length];
        for (var position = 0; position < at.Length; position++)
        {
            ref readonly var input = ref inputs[at[position]];
            var isFirst = position == starts[tierOf[position]];
            _ranks[tierOf[position]] = RankOf(input);
            _sums[position] = (isFirst ? 0 : _sums[position - 1]) + MostOf(input);
            _seeds[position] = RouteChance.Mix((ulong)input.Channel);
            _perWeight[position] = 1.0 / Math.Max(1, input.Weight);

            // A hair less, so that no rounding makes the least more than what it is the least of.
            _leastInput[position] = input.InputPrice * input.FactorLeast * (1 - 1e-12);
            _leastOutput[position] = input.OutputPrice * input.FactorLeast * (1 - 1e-12);
        }
    }

    /// <summary>Candidates in the map.</summary>
    public int Count => _at.Length;

    /// <summary>Channels that serve the model, those outside the map's group included.</summary>
    public int Serving { get; }

    internal int Tiers => _starts.Length - 1;

    /// <param name="inputs">All candidates; of them only what does not change is looked at.</param>
    /// <param name="members">Indices of those in the map.</param>
    public static RouteMap Of(ReadOnlySpan<RouteInput> inputs, ReadOnlySpan<int> members)
    {
        var at = members.ToArray();
        var all = inputs.ToArray();
        Array.Sort(at, (one, other) => Compare(all[one], all[other]));
        var tierOf = new int[at.Length];
        var starts = new List<int>();
        for (var position = 0; position < at.Length; position++)
        {
            if (position == 0 || RankOf(all[at[position]]) != RankOf(all[at[position - 1]]))
            {
                starts.Add(position);
            }

            tierOf[position] = starts.Count - 1;
        }

        return new RouteMap(at, tierOf, [.. starts, at.Length], inputs, inputs.Length);
    }

    public static RouteMap Of(ReadOnlySpan<RouteInput> inputs)
    {
        var members = new int[inputs.Length];
        for (var i = 0; i < members.Length; i++)
        {
            members[i] = i;
        }

        return Of(inputs, members);
    }

    internal int At(int position) => _at[position];

    internal int TierOf(int position) => _tierOf[position];

    internal int LengthOf(int tier) => _starts[tier + 1] - _starts[tier];

    internal Range RangeOf(int tier) => _starts[tier].._starts[tier + 1];

    /// <summary>What puts one tier before another.</summary>
    internal RouteReason DeciderOf(int tier, int later)
    {
        var differing = _ranks[tier] ^ _ranks[later];
        return (differing & ~3L) != 0 ? RouteReason.Priority
            : (differing & 2) != 0 ? RouteReason.Weight
            : (differing & 1) != 0 ? RouteReason.OwnProtocol
            : RouteReason.Priority;
    }

    /// <summary>The tier of a candidate; -1 when it is not in the map.</summary>
    internal int FindTier(int at)
    {
        var position = Array.IndexOf(_at, at);
        return position < 0 ? -1 : _tierOf[position];
    }

    /// <summary>Stands for caller and channel together, above 0 up to 1: the highest of a caller is his home.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double MeetingOf(ulong channel, ulong caller)
    {
        var high = Math.BigMul(channel ^ caller, 0xD6E8FEB86659FD93, out var low);
        return RouteChance.UnitOf(high ^ low);
    }

    /// <summary>Stand for the channels of a tier.</summary>
    internal ReadOnlySpan<ulong> SeedsOf(Range tier) => _seeds.AsSpan(tier);

    /// <summary>One over each weight of a tier.</summary>
    internal ReadOnlySpan<double> PerWeightOf(Range tier) => _perWeight.AsSpan(tier);

    /// <summary>The least that a million tokens of prompt can cost at each channel of a tier.</summary>
    internal ReadOnlySpan<double> LeastInputOf(Range tier) => _leastInput.AsSpan(tier);

    internal ReadOnlySpan<double> LeastOutputOf(Range tier) => _leastOutput.AsSpan(tier);

    internal double MeetingOf(int position, ulong caller) => MeetingOf(_seeds[position], caller);

    internal double PerWeightOf(int position) => _perWeight[position];

    /// <summary>A position of a tier by chance, in proportion to the most that each can weigh.</summary>
    internal int Draw(int tier, double chance)
    {
        var (low, high) = (_starts[tier], _starts[tier + 1] - 1);
        var wanted = chance * _sums[high];
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (_sums[middle] < wanted)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The most that a channel can weigh: what its share is measured against.</summary>
    internal static double MostOf(in RouteInput input) =>
        Math.Max(1, input.Weight) * (Math.Max(input.WeightBpMax, PriceFactors.Once) / (double)PriceFactors.Once);

    private static int Compare(in RouteInput one, in RouteInput other)
    {
        var byRank = RankOf(other).CompareTo(RankOf(one));
        return byRank != 0 ? byRank : (one.Order, one.Channel).CompareTo((other.Order, other.Channel));
    }

    // Weight 0 means last among its equals; the caller's own protocol comes before those reached by translation.
    private static long RankOf(in RouteInput input) =>
        ((long)input.Priority << 2) | (input.Weight > 0 ? 2L : 0L) | (input.IsOwnDialect ? 1L : 0L);
}
