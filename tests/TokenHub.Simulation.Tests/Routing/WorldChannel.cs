using TokenHub.Core.Routing;

namespace TokenHub.Simulation.Tests.Routing;

/// <summary>An upstream as it really is, beside what the choice knows of it.</summary>
internal sealed class WorldChannel(int at)
{
    private const int FailuresToOpen = 5;
    private const long RestFirstMs = 5_000;
    private const long RestMaxMs = 60_000;
    private const double ForgottenMs = 10_000;
    private int _failuresInRow;
    private long _learntMs;
    private int _opened;

    public int At { get; } = at;

    public bool IsFailing { get; set; }

    public double Slowness { get; set; } = 1;

    public int FirstTokenMs { get; set; } = 400;

    /// <summary>Tokens of each window; 0: without end.</summary>
    public long Quota { get; set; }

    public long WindowMs { get; set; } = 60_000;

    public long WindowEndsMs { get; private set; }

    public long Used { get; private set; }

    /// <summary>The most that was ever used of a window.</summary>
    public long UsedMost { get; private set; }

    public int Served { get; set; }

    public int Attempts { get; set; }

    /// <summary>When the first call came; -1 before.</summary>
    public long FirstCallMs { get; set; } = -1;

    /// <summary>Takes tokens from the window; false when they are not there.</summary>
    public bool TryUse(long now, long tokens, ref RouteInput known)
    {
        if (Quota == 0)
        {
            return true;
        }

        if (now >= WindowEndsMs)
        {
            (WindowEndsMs, Used) = (now - (now % WindowMs) + WindowMs, 0);
        }

        if (Used + tokens > Quota)
        {
            known.ExhaustedUntil = WindowEndsMs;
            return false;
        }

        Used += tokens;
        UsedMost = Math.Max(UsedMost, Used);
        known.LeftBp = (int)(10_000 - (Used * 10_000 / Quota));
        return true;
    }

    /// <summary>What the gateway learns from an attempt: error rate, time to the first token, the circuit.</summary>
    public void Learn(long now, bool isGood, int firstTokenMs, ref RouteInput known)
    {
        known.FailedBp = (int)(known.FailedBp * Math.Exp((_learntMs - now) / ForgottenMs));
        known.FailedBp += ((isGood ? 0 : 10_000) - known.FailedBp) / 8;
        _learntMs = now;
        if (isGood)
        {
            known.FirstTokenMs += known.FirstTokenMs == 0 ? firstTokenMs : (firstTokenMs - known.FirstTokenMs) / 8;
            (_failuresInRow, _opened) = (0, 0);
            (known.IsHalfOpen, known.RestsUntil) = (false, 0);
            return;
        }

        // Those that were under way when the circuit opened say nothing new.
        if (known.RestsUntil > now)
        {
            return;
        }

        if (++_failuresInRow >= FailuresToOpen || known.IsHalfOpen)
        {
            known.RestsUntil = now + Math.Min(RestMaxMs, RestFirstMs << Math.Min(10, _opened++));
            known.IsHalfOpen = true;
        }
    }
}
