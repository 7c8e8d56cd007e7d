using System.Diagnostics;
using System.Runtime.InteropServices;

namespace TokenHub.Bench.Settling;

/// <summary>
/// Keeps a rate, and knows to the nanosecond what processor time that took of its own thread: no gateway pays for it.
/// Elsewhere than on Linux it is not known and counts in.
/// </summary>
internal sealed partial class PaceClock(int rate)
{
    private const int ThreadCpuTime = 3;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private long _pacingNs;

    public TimeSpan Elapsed => _clock.Elapsed;

    public TimeSpan PacingCpu => TimeSpan.FromMicroseconds(_pacingNs / 1000.0);

    /// <summary>Waits until it is time for so many.</summary>
    public void Wait(int number)
    {
        if (rate > 0 && TimeSpan.FromSeconds((double)number / rate) - _clock.Elapsed is { Ticks: > 0 } wait)
        {
            var before = ThreadCpuNs();
            Thread.Sleep(wait);
            _pacingNs += ThreadCpuNs() - before;
        }
    }

    private static long ThreadCpuNs()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        _ = ClockGetTime(ThreadCpuTime, out var time);
        return (time.Seconds * 1_000_000_000) + time.Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Time time);
}
