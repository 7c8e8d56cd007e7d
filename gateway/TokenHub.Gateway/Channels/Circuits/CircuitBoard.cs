using System.Collections.Concurrent;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Channels.Circuits;

/// <summary>A move of a circuit that other gateways are to hear of.</summary>
internal readonly record struct CircuitNotice(
    UpstreamChannel Channel, CircuitMove Move, FailureClass Failure, TimeSpan Rest);

/// <summary>
/// The circuits of all channels. What they decide stands in each channel's <see cref="ChannelLive"/>, where the choice
/// reads it; nothing here waits for anything.
/// </summary>
internal sealed class CircuitBoard(TimeProvider time, Random random)
{
    private readonly ConcurrentDictionary<long, Circuit> _circuits = new();
    private long _openings;

    /// <summary>Tells other gateways; must be quick.</summary>
    public Action<CircuitNotice>? Moved { get; set; }

    /// <summary>
    /// Makes a trial the only one over all gateways; what it gives is how long another one's may still last, or zero.
    /// </summary>
    public Func<UpstreamChannel, TimeSpan, ValueTask<TimeSpan>>? Claims { get; set; }

    /// <summary>A trial of this gateway is over; must be quick.</summary>
    public Action<UpstreamChannel>? Unclaims { get; set; }

    /// <summary>Rests begun since the start.</summary>
    public long Openings => Volatile.Read(ref _openings);

    public bool IsResting(UpstreamChannel channel) => channel.Live.RestsUntil > time.GetTimestamp();

    /// <summary>
    /// An attempt is about to begin: how it stands to the channel's circuit. Waits only where it would be the trial.
    /// </summary>
    public ValueTask<CircuitEntry> EnterAsync(UpstreamChannel channel, TimeSpan patience)
    {
        var entry = Enter(channel, patience);
        return entry == CircuitEntry.Trial && Claims is { } claims
            ? ClaimAsync(channel, patience, claims) : new ValueTask<CircuitEntry>(entry);
    }

    /// <summary>The same by what this gateway knows.</summary>
    internal CircuitEntry Enter(UpstreamChannel channel, TimeSpan patience) =>
        Of(channel).Enter(time.GetTimestamp(), TicksOf(patience));

    public void Abandon(UpstreamChannel channel) => Of(channel).Abandon(time.GetTimestamp());

    /// <summary>A trial has ended, whatever came of it: told after what it says of the channel.</summary>
    public void EndTrial(UpstreamChannel channel) => Unclaims?.Invoke(channel);

    /// <param name="startedAt">When the attempt began.</param>
    public void Succeed(UpstreamChannel channel, long startedAt)
    {
        if (Of(channel).Succeed(time.GetTimestamp(), startedAt) is CircuitMove.Closed and var move)
        {
            Moved?.Invoke(new CircuitNotice(channel, move, FailureClass.None, TimeSpan.Zero));
        }
    }

    /// <summary>An attempt failed by the channel's own fault.</summary>
    public void Fail(
        UpstreamChannel channel, CircuitEntry entry, FailureClass failure, TimeSpan? wait, RoutingRules rules)
    {
        var move = Of(channel).Fail(
            time.GetTimestamp(), entry, failure, wait, rules, random.NextDouble(), out var rest);
        if (move != CircuitMove.None)
        {
            Interlocked.Increment(ref _openings);
            Moved?.Invoke(new CircuitNotice(channel, move, failure, rest));
        }
    }

    /// <summary>Takes over what another gateway has seen.</summary>
    public void Follow(UpstreamChannel channel, CircuitMove move, TimeSpan rest)
    {
        var (circuit, now) = (Of(channel), time.GetTimestamp());
        if (move == CircuitMove.Closed)
        {
            circuit.Close(now);
            return;
        }

        // The gateway that saw it tries first; its word usually comes before the others' own trial.
        var later = move == CircuitMove.Opened ? rest * (1 + (random.NextDouble() / 5)) : rest;
        circuit.OpenFor(now, later, needsTrial: move == CircuitMove.Opened);
    }

    /// <summary>Lets old failures fade, and forgets what was learnt of another credential or address.</summary>
    public void Look(IEnumerable<UpstreamChannel> channels)
    {
        var now = time.GetTimestamp();
        foreach (var channel in channels)
        {
            if (_circuits.ContainsKey(channel.Id))
            {
                var circuit = Of(channel);
                if (circuit.IsStirred)
                {
                    circuit.Fade(now);
                }
            }
        }
    }

    private async ValueTask<CircuitEntry> ClaimAsync(
        UpstreamChannel channel, TimeSpan patience, Func<UpstreamChannel, TimeSpan, ValueTask<TimeSpan>> claims)
    {
        var others = await claims(channel, patience);
        if (others <= TimeSpan.Zero)
        {
            return CircuitEntry.Trial;
        }

        Of(channel).YieldTo(time.GetTimestamp() + TicksOf(others));
        return CircuitEntry.TrialElsewhere;
    }

    private long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private Circuit Of(UpstreamChannel channel)
    {
        if (_circuits.TryGetValue(channel.Id, out var circuit)
            && (ReferenceEquals(circuit.Fingerprint, channel.Fingerprint)
                || circuit.Fingerprint == channel.Fingerprint))
        {
            return circuit;
        }

        return Renew(channel);
    }

    private Circuit Renew(UpstreamChannel channel) => _circuits.AddOrUpdate(
        channel.Id,
        static (_, made) => made.New(),
        static (_, known, made) =>
        {
            if (known.Fingerprint == made.Channel.Fingerprint)
            {
                return known;
            }

            known.Forget();
            return made.New();
        },
        (Channel: channel, New: (Func<Circuit>)(() =>
            new Circuit(channel.Live, channel.Fingerprint, time.TimestampFrequency))));
}
