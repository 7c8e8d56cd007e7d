namespace TokenHub.Core.Routing;

/// <summary>A candidate with its place: lower is better in each part, in this order.</summary>
/// <param name="Rank">Verdict, then tier.</param>
/// <param name="Key">By the policy.</param>
/// <param name="Tie">Among those whose keys are equal.</param>
internal readonly record struct Ranked(long Rank, double Key, double Tie, int At)
{
    public RouteVerdict Verdict => (RouteVerdict)(Rank >> 32);

    public int Tier => (int)Rank;

    public static long RankOf(RouteVerdict verdict, int tier) =>
        ((long)verdict << 32) | (verdict == RouteVerdict.Resting ? 0L : (uint)tier);

    public bool IsBefore(in Ranked other) => Rank != other.Rank ? Rank < other.Rank
        : Key != other.Key ? Key < other.Key
        : Tie != other.Tie ? Tie < other.Tie
        : At < other.At;
}

/// <summary>The few best of those offered, in order.</summary>
internal ref struct RouteRanking(Span<Ranked> room)
{
    private readonly Span<Ranked> _room = room;
    private int _kept;

    /// <summary>A larger one that begins with all of another, and keeps it first.</summary>
    public RouteRanking(in RouteRanking first, Span<Ranked> room)
        : this(room)
    {
        (Count, _kept) = (first.Count, first.Count);
        for (var i = 0; i < _kept; i++)
        {
            _room[i] = first.Best[i] with { Key = double.NegativeInfinity, Tie = i };
        }
    }

    public int Count { get; private set; }

    public readonly bool IsFull => Count == _room.Length;

    public readonly ReadOnlySpan<Ranked> Best => _room[..Count];

    /// <summary>False when nothing with such a key, or a higher one, would be among the best.</summary>
    public readonly bool MayTake(long rank, double leastKey) => !IsFull
        || rank < _room[^1].Rank || (rank == _room[^1].Rank && leastKey <= _room[^1].Key);

    /// <summary>Keys of this rank are among the best up to here.</summary>
    public readonly double MostOf(long rank) => !IsFull || rank < _room[^1].Rank ? double.PositiveInfinity
        : rank == _room[^1].Rank ? _room[^1].Key : double.NegativeInfinity;

    public void Offer(in Ranked one)
    {
        for (var i = 0; i < _kept; i++)
        {
            if (_room[i].At == one.At)
            {
                return;
            }
        }

        var place = Count;
        if (IsFull)
        {
            if (!one.IsBefore(_room[^1]))
            {
                return;
            }

            place--;
        }
        else
        {
            Count++;
        }

        for (; place > 0 && one.IsBefore(_room[place - 1]); place--)
        {
            _room[place] = _room[place - 1];
        }

        _room[place] = one;
    }

    public readonly bool Contains(int at)
    {
        foreach (ref readonly var one in Best)
        {
            if (one.At == at)
            {
                return true;
            }
        }

        return false;
    }

    public void Clear() => Count = _kept;
}
