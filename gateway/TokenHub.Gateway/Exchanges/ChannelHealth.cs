using System.Collections.Concurrent;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// What this gateway has lately seen of each channel. A channel that failed cools down: it is passed over while another
/// is left, and tried again when none is, for a local guess must not turn away a caller whom the upstream might serve.
/// </summary>
internal sealed class ChannelHealth(TimeProvider time)
{
    private static readonly TimeSpan CredentialCooldown = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RateCooldown = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CooldownMax = TimeSpan.FromSeconds(60);
    private const int DoublingsMax = 5;

    private readonly ConcurrentDictionary<long, Condition> _conditions = new();
    private long _cooldowns;

    /// <summary>Cooldowns begun since the start.</summary>
    public long Cooldowns => Volatile.Read(ref _cooldowns);

    public bool IsCooling(UpstreamChannel channel) =>
        _conditions.TryGetValue(channel.Id, out var condition)
        && Volatile.Read(ref condition.CoolUntil) > time.GetTimestamp()
        && condition.Fingerprint == channel.Fingerprint;

    /// <summary>The channel answered as it should: what it did before is forgiven.</summary>
    public void ReportSuccess(UpstreamChannel channel)
    {
        if (_conditions.TryGetValue(channel.Id, out var condition))
        {
            Volatile.Write(ref condition.CoolUntil, 0);
            Volatile.Write(ref condition.Failures, 0);
            Volatile.Write(ref channel.Live.RestsUntil, 0);
        }
    }

    /// <summary>The channel failed. A refused credential cools long, a rate limit as it says, else doubling.</summary>
    public void ReportFailure(UpstreamChannel channel, AttemptFault fault, int status, TimeSpan? retryAfter)
    {
        var condition = _conditions.AddOrUpdate(
            channel.Id,
            static (_, fingerprint) => new Condition(fingerprint),
            static (_, known, fingerprint) => known.Fingerprint == fingerprint ? known : new Condition(fingerprint),
            channel.Fingerprint);
        var failures = Interlocked.Increment(ref condition.Failures);
        var cooldown = status is 401 or 402 or 403 || fault is AttemptFault.AddressRefused ? CredentialCooldown
            : retryAfter ?? (status == 429 ? RateCooldown
                : TimeSpan.FromSeconds(1 << Math.Min(failures - 1, DoublingsMax)));
        var seconds = Math.Min(cooldown.TotalSeconds, CooldownMax.TotalSeconds);
        var until = time.GetTimestamp() + (long)(seconds * time.TimestampFrequency);
        Volatile.Write(ref condition.CoolUntil, until);
        Volatile.Write(ref channel.Live.RestsUntil, until);
        Interlocked.Increment(ref _cooldowns);
    }

    private sealed class Condition(string fingerprint)
    {
        public string Fingerprint { get; } = fingerprint;

        // Fields, for Interlocked and Volatile.
        public long CoolUntil;
        public int Failures;
    }
}
