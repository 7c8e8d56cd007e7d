using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels.Circuits;

/// <summary>What a circuit has done: the others are to hear of it.</summary>
internal enum CircuitMove : byte
{
    None = 0,

    /// <summary>It opened: a trial has to close it.</summary>
    Opened,

    /// <summary>The channel rests because its upstream asked for it; no trial is needed after that.</summary>
    Rests,
    Closed,
}

/// <summary>How an attempt stands to the circuit of its channel.</summary>
internal enum CircuitEntry : byte
{
    /// <summary>As any other.</summary>
    Ordinary = 0,

    /// <summary>It tries whether the channel works again: its end decides.</summary>
    Trial,

    /// <summary>Another one is trying: only who has no other channel may still go.</summary>
    TrialElsewhere,
}

/// <summary>
/// The circuit of one channel. Closed, it counts failures in a row and their share of a moving window. Open, the
/// channel rests: doubling, with jitter. When the rest is over a single call tries it, and its end decides.
/// Thread-safe; times are timestamps of the monotonic clock.
/// </summary>
internal sealed class Circuit(ChannelLive live, string fingerprint, long ticksPerSecond)
{
    private const int DoublingsMax = 16;
    private const int WindowSeconds = 10;

    // Samples that are added to every window as successes: one failure of one call says little.
    private const int PriorSamples = 4;

    private readonly Lock _gate = new();
    private Window _now;
    private Window _before;
    private long _windowSince;
    private int _inARow;
    private int _opens;
    private long _openedAt;
    private long _closedSince;
    private long _trialUntil;

    /// <summary>Address and credential that all this was learnt of.</summary>
    public string Fingerprint { get; } = fingerprint;

    public ChannelLive Live { get; } = live;

    /// <summary>True when something of it has to be looked after as time passes.</summary>
    public bool IsStirred => Live.RestsUntil != 0 || Live.IsHalfOpen || Live.FailedBp != 0;

    /// <summary>An attempt is about to begin.</summary>
    /// <param name="patience">How long a trial may last before another may take its place.</param>
    public CircuitEntry Enter(long now, long patience)
    {
        if (!Live.IsHalfOpen)
        {
            return CircuitEntry.Ordinary;
        }

        lock (_gate)
        {
            if (!Live.IsHalfOpen)
            {
                return CircuitEntry.Ordinary;
            }

            if (_trialUntil > now)
            {
                return CircuitEntry.TrialElsewhere;
            }

            // While it runs, the choice sees a channel at rest.
            _trialUntil = now + patience;
            Live.RestsUntil = Math.Max(Live.RestsUntil, _trialUntil);
            return CircuitEntry.Trial;
        }
    }

    /// <summary>Another gateway's trial is under way: it decides for all, unless it lasts too long.</summary>
    public void YieldTo(long until)
    {
        lock (_gate)
        {
            if (Live.IsHalfOpen)
            {
                _trialUntil = until;
                Live.RestsUntil = until;
            }
        }
    }

    /// <summary>The trial said nothing of the channel: the next one may try.</summary>
    public void Abandon(long now)
    {
        lock (_gate)
        {
            if (Live.IsHalfOpen && _trialUntil != 0)
            {
                _trialUntil = 0;
                Live.RestsUntil = Math.Min(Live.RestsUntil, now);
            }
        }
    }

    /// <summary>The channel has served. What began before the circuit opened does not close it.</summary>
    public CircuitMove Succeed(long now, long startedAt)
    {
        lock (_gate)
        {
            Roll(now);
            _now.Good++;
            _inARow = 0;
            Live.FailedBp = FailedBp();
            return Live.IsHalfOpen && startedAt >= _openedAt ? CloseLocked(now) : CircuitMove.None;
        }
    }

    /// <summary>The channel failed. What the upstream said of the time goes before every guess.</summary>
    /// <param name="wait">The wait that the upstream asked for.</param>
    /// <param name="jitter">From 0 to 1.</param>
    /// <param name="rest">How long the channel rests, when it does.</param>
    public CircuitMove Fail(
        long now,
        CircuitEntry entry,
        FailureClass failure,
        TimeSpan? wait,
        RoutingRules rules,
        double jitter,
        out TimeSpan rest)
    {
        lock (_gate)
        {
            rest = TimeSpan.Zero;
            if (Live.IsHalfOpen && entry != CircuitEntry.Trial)
            {
                // It began before the circuit opened, or had nowhere else to go: it adds nothing.
                return CircuitMove.None;
            }

            Roll(now);
            _now.Bad++;
            _inARow++;
            Live.FailedBp = FailedBp();
            if (wait is { } asked && failure is FailureClass.Rate or FailureClass.Overloaded)
            {
                // It said when: that is no failure to learn from, and the channel is good again when the time is over.
                rest = Min(asked, rules.CooldownMaxMs);
                _trialUntil = 0;
                Live.RestsUntil = now + Ticks(rest);
                return CircuitMove.Rests;
            }

            var opens = Live.IsHalfOpen || failure is FailureClass.Credential or FailureClass.Quota
                || _inARow >= rules.BreakerFailures || IsFailing(rules);
            if (!opens)
            {
                return CircuitMove.None;
            }

            rest = RestOf(failure, wait, rules, jitter);
            OpenLocked(now, rest);
            return CircuitMove.Opened;
        }
    }

    /// <summary>Another gateway has opened it.</summary>
    public void OpenFor(long now, TimeSpan rest, bool needsTrial)
    {
        lock (_gate)
        {
            if (needsTrial)
            {
                OpenLocked(now, rest);
            }
            else
            {
                Live.RestsUntil = Math.Max(Live.RestsUntil, now + Ticks(rest));
            }
        }
    }

    /// <summary>Another gateway's trial went well.</summary>
    public void Close(long now)
    {
        lock (_gate)
        {
            CloseLocked(now);
        }
    }

    /// <summary>Address or credential are others now: nothing of this holds.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            (_now, _before, _inARow, _opens, _trialUntil) = (default, default, 0, 0, 0);
            (Live.RestsUntil, Live.IsHalfOpen, Live.FailedBp) = (0, false, 0);
        }
    }

    /// <summary>Lets old failures fade, also where no call comes to say so.</summary>
    public void Fade(long now)
    {
        lock (_gate)
        {
            Roll(now);
            Live.FailedBp = FailedBp();
            if (!Live.IsHalfOpen && Live.RestsUntil <= now)
            {
                Live.RestsUntil = 0;
            }
        }
    }

    private void OpenLocked(long now, TimeSpan rest)
    {
        Live.RestsUntil = now + Ticks(rest);
        Live.IsHalfOpen = true;
        (_openedAt, _trialUntil) = (now, 0);
        _opens = Math.Min(_opens + 1, DoublingsMax);
    }

    private CircuitMove CloseLocked(long now)
    {
        var was = Live.IsHalfOpen || Live.RestsUntil > now;

        // Half of what is held against it is forgiven: who fails now and then must not rest longer each time.
        _opens = Live.IsHalfOpen ? _opens / 2 : _opens;
        (Live.RestsUntil, Live.IsHalfOpen, _inARow, _trialUntil) = (0, false, 0, 0);
        (_now, _before, _windowSince, _closedSince) = (default, default, now, now);
        Live.FailedBp = 0;
        return was ? CircuitMove.Closed : CircuitMove.None;
    }

    private TimeSpan RestOf(FailureClass failure, TimeSpan? wait, RoutingRules rules, double jitter)
    {
        var first = failure switch
        {
            FailureClass.Credential => rules.CredentialRestMs,
            FailureClass.Quota => rules.QuotaRestMs,
            _ => rules.BreakerRestMs,
        };
        var longest = failure is FailureClass.Credential or FailureClass.Quota
            ? rules.CooldownMaxMs : rules.BreakerRestMaxMs;
        var doubled = Math.Min(first * Math.Pow(2, _opens), longest);

        // Up to a fifth more: gateways and channels that fell together must not all try again together.
        return wait is { } asked && failure == FailureClass.Quota
            ? Min(asked, rules.CooldownMaxMs)
            : TimeSpan.FromMilliseconds(Math.Min(doubled * (1 + (jitter / 5)), longest));
    }

    // A channel that has been well for a while starts its rests anew; one that flutters rests longer.
    private void Roll(long now)
    {
        var window = ticksPerSecond * WindowSeconds;
        if (now - _windowSince >= window)
        {
            (_before, _now) = (now - _windowSince < 2 * window ? _now : default, default);
            _windowSince = now;
            if (_opens > 0 && !Live.IsHalfOpen && now - _closedSince > 6 * window)
            {
                _opens = 0;
            }
        }
    }

    private bool IsFailing(RoutingRules rules)
    {
        var (good, bad) = (_now.Good + _before.Good, _now.Bad + _before.Bad);
        return good + bad >= rules.BreakerSamples && bad * 10_000L >= (good + bad) * (long)rules.BreakerShareBp;
    }

    private int FailedBp()
    {
        var (good, bad) = (_now.Good + _before.Good, _now.Bad + _before.Bad);
        return bad == 0 ? 0 : (int)(bad * 10_000L / (good + bad + PriorSamples));
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * ticksPerSecond);

    private static TimeSpan Min(TimeSpan time, int boundMs) =>
        time.TotalMilliseconds < boundMs ? time : TimeSpan.FromMilliseconds(boundMs);

    private struct Window
    {
        public int Good;
        public int Bad;
    }
}
