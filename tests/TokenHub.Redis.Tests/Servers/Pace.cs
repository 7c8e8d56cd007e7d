using System.Diagnostics;

namespace TokenHub.Redis.Tests.Servers;

/// <summary>
/// Times a call on a machine that may be busy: what a timer beside the call came late by is not the call's.
/// </summary>
internal static class Pace
{
    private const int TickMs = 10;
    private const int LateMs = 20;

    /// <summary>How long the call took, without the moments in which nothing in this process went on.</summary>
    public static async Task<long> MeasureAsync(Func<Task> call)
    {
        using var ended = new CancellationTokenSource();
        var lost = LostAsync(ended.Token);
        var clock = Stopwatch.StartNew();
        await call();
        var took = clock.ElapsedMilliseconds;
        await ended.CancelAsync();
        return took - await lost;
    }

    // The tick that the call ends in counts too: the call may have ended late for the same reason.
    private static async Task<long> LostAsync(CancellationToken ended)
    {
        var lost = 0L;
        while (!ended.IsCancellationRequested)
        {
            var clock = Stopwatch.StartNew();
            await Task.Delay(TickMs, CancellationToken.None);
            var late = clock.ElapsedMilliseconds - TickMs;
            lost += late > LateMs ? late : 0;
        }

        return lost;
    }
}
