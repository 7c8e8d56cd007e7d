namespace TokenHub.TestKit;

/// <summary>What a piece of code allocates on its thread.</summary>
public static class Allocations
{
    private const int Runs = 8;

    /// <summary>
    /// Bytes of the run that allocated least, of eight at most. Code that allocates does so in each of them; one alone
    /// may be charged with the rest of its thread's buffer (some KB), when another thread's collection takes it away.
    /// </summary>
    public static long Least(Action run)
    {
        var least = long.MaxValue;
        for (var i = 0; i < Runs && least > 0; i++)
        {
            least = Math.Min(least, Once(run));
        }

        return least;
    }

    /// <summary>Bytes of one run, to be repeated by whoever wants none.</summary>
    public static long Once(Action run)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        run();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
