using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;

namespace TokenHub.Gateway.Channels.Circuits;

/// <summary>
/// Shares circuits over all gateways: a move is published, and stands in Redis for as long as the rest lasts, for those
/// that start later or have missed it. A trial is one over all gateways, claimed there for as long as it may last. Only
/// a trial waits for Redis, and not long: without it each gateway learns and tries by itself.
/// </summary>
/// <remarks>
/// A message is <c>sender|channel|credential|move|rest in ms</c>; a key has the same text. Rests are told as lengths:
/// the clocks of two gateways need not agree.
/// </remarks>
internal sealed class SharedCircuits(
    RedisClient redis,
    CircuitBoard board,
    Func<IEnumerable<UpstreamChannel>> channels,
    string sender,
    ILogger log)
{
    /// <summary>Redis pub/sub channel of the moves.</summary>
    public const string NoticeChannel = "tokenhub:circuits";

    private const int Parts = 5;
    private const int ReadAtOnce = 64;
    private const int WritesMax = 256;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<long, long> _claims = new();
    private int _writes;
    private int _mayHaveMissed;

    /// <summary>A trial that has to wait longer than that for its claim goes without.</summary>
    public TimeSpan ClaimWithin { get; init; } = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(CancellationToken cancel)
    {
        (board.Moved, board.Claims, board.Unclaims) = (Tell, ClaimAsync, Unclaim);
        redis.Subscriber.Subscribe(NoticeChannel, Hear, () => Volatile.Write(ref _mayHaveMissed, 1));
        using var timer = new PeriodicTimer(Tick);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            board.Look(channels());
            if (Interlocked.Exchange(ref _mayHaveMissed, 0) == 1 && !await TryReadAllAsync(cancel))
            {
                Volatile.Write(ref _mayHaveMissed, 1);
            }
        }
    }

    private async ValueTask<TimeSpan> ClaimAsync(UpstreamChannel channel, TimeSpan patience)
    {
        if (!redis.IsConnected)
        {
            return TimeSpan.Zero;
        }

        try
        {
            using var limit = new CancellationTokenSource(ClaimWithin);
            var key = RedisKeys.Trial(channel.Id);
            if (await redis.TrySetAsync(key, Encoding.ASCII.GetBytes(sender), patience, limit.Token))
            {
                _claims[channel.Id] = Environment.TickCount64 + (long)patience.TotalMilliseconds;
                return TimeSpan.Zero;
            }

            // It may have ended between the two questions: then the next call tries.
            return TimeSpan.FromMilliseconds(Math.Max(1, await redis.TimeToLiveMsAsync(key, limit.Token)));
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            GatewayLog.CircuitsNotShared(log, error.Message);
            return TimeSpan.Zero;
        }
    }

    // A claim that has run out may be another gateway's by now.
    private void Unclaim(UpstreamChannel channel)
    {
        if (_claims.TryRemove(channel.Id, out var until) && Environment.TickCount64 < until)
        {
            _ = UnclaimAsync(channel.Id);
        }
    }

    private async Task UnclaimAsync(long channel)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            await redis.DeleteAsync(RedisKeys.Trial(channel), limit.Token);
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            GatewayLog.CircuitsNotShared(log, error.Message);
        }
    }

    private void Tell(CircuitNotice notice)
    {
        // A storm of moves with a slow Redis must not fill the memory; what is not told is learnt.
        if (redis.IsConnected && Interlocked.Increment(ref _writes) <= WritesMax)
        {
            _ = TellAsync(notice);
        }
        else
        {
            Interlocked.Decrement(ref _writes);
        }
    }

    private async Task TellAsync(CircuitNotice notice)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience);
            var restMs = Math.Max(1, (long)notice.Rest.TotalMilliseconds);
            var text = Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"{sender}|{notice.Channel.Id}|{MarkOf(notice.Channel)}|{(int)notice.Move}|{restMs}"));
            var key = RedisKeys.Circuit(notice.Channel.Id);
            if (notice.Move == CircuitMove.Closed)
            {
                await redis.DeleteAsync(key, limit.Token);
            }
            else
            {
                await redis.SetAsync(key, text, TimeSpan.FromMilliseconds(restMs), limit.Token);
            }

            await redis.PublishAsync(NoticeChannel, text, limit.Token);
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            GatewayLog.CircuitsNotShared(log, error.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _writes);
        }
    }

    private void Hear(ReadOnlySpan<byte> message) => Take(message, restMs: null, takesOwn: false);

    // What stands in Redis was told some time ago: the rest is what is left of the key's life.
    private void Take(ReadOnlySpan<byte> message, long? restMs, bool takesOwn)
    {
        Span<Range> parts = stackalloc Range[Parts + 1];
        var text = Encoding.ASCII.GetString(message);
        if (text.AsSpan().Split(parts, '|') != Parts
            || (!takesOwn && text.AsSpan(parts[0]).SequenceEqual(sender))
            || !long.TryParse(text.AsSpan(parts[1]), CultureInfo.InvariantCulture, out var id)
            || !int.TryParse(text.AsSpan(parts[3]), CultureInfo.InvariantCulture, out var move)
            || move is < (int)CircuitMove.Opened or > (int)CircuitMove.Closed
            || !long.TryParse(text.AsSpan(parts[4]), CultureInfo.InvariantCulture, out var told))
        {
            return;
        }

        foreach (var channel in channels())
        {
            if (channel.Id == id && text.AsSpan(parts[2]).SequenceEqual(MarkOf(channel)))
            {
                board.Follow(
                    channel, (CircuitMove)move, TimeSpan.FromMilliseconds(Math.Clamp(restMs ?? told, 0, int.MaxValue)));
                return;
            }
        }
    }

    private async Task<bool> TryReadAllAsync(CancellationToken cancel)
    {
        try
        {
            foreach (var some in channels().Chunk(ReadAtOnce))
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                limit.CancelAfter(Patience);
                await Task.WhenAll(some.Select(channel => ReadAsync(channel, limit.Token)));
            }

            return true;
        }
        catch (Exception error) when (error is RedisUnavailableException
            || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task ReadAsync(UpstreamChannel channel, CancellationToken cancel)
    {
        var key = RedisKeys.Circuit(channel.Id);
        if (await redis.GetAsync(key, cancel) is { } text
            && await redis.TimeToLiveMsAsync(key, cancel) is > 0 and var left && !board.IsResting(channel))
        {
            Take(text, left, takesOwn: true);
        }
    }

    // Tells one credential from another, and nothing of it.
    private static string MarkOf(UpstreamChannel channel) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(channel.Fingerprint)).AsSpan(0, 8));
}
