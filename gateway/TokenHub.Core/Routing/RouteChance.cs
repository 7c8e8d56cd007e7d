using System.Runtime.CompilerServices;

namespace TokenHub.Core.Routing;

/// <summary>Numbers by chance from one number (SplitMix64), and numbers that stand for things.</summary>
public static class RouteChance
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private const double Unit = 1.0 / (1UL << 53);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong value)
    {
        value += Step;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    public static ulong Next(ref ulong state)
    {
        var value = Mix(state);
        state += Step;
        return value;
    }

    /// <summary>Above 0, at most 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double UnitOf(ulong value) => ((value >> 11) + 1) * Unit;

    /// <summary>Stands for a name, the same in every process.</summary>
    public static ulong OfName(ReadOnlySpan<char> name)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in name)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return Mix(hash);
    }

    /// <summary>Stands for a caller and a model together.</summary>
    public static ulong OfCaller(long account, ulong model) => Mix(model ^ Mix((ulong)account));
}
