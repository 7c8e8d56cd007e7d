using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;
using TokenHub.Redis.Resp;

namespace TokenHub.Gateway.Affinity;

/// <summary>How a binding comes to be stored.</summary>
internal enum BindingWrite : byte
{
    /// <summary>Nothing was bound: who comes first binds.</summary>
    First = 0,

    /// <summary>The conversation stays where it is.</summary>
    Renewal,

    /// <summary>It leaves another channel; other gateways must not send it there any more.</summary>
    Move,
}

/// <summary>
/// The bindings of conversations: in Redis, one key each that lapses by itself, and in this process. What was read from
/// Redis is known for half a minute, for whoever moves a conversation tells the other gateways; what was only written
/// is known for a second. A renewal that says nearly what is stored is not written. Redis is waited for
/// <see cref="Patience"/> at most; when it is away or slow, nothing is bound, and it is asked again only after
/// <see cref="Pause"/>.
/// </summary>
internal sealed class BindingStore
{
    /// <summary>Redis pub/sub channel of moves: who tells, and the conversation.</summary>
    public const string NoticeChannel = "tokenhub:bindings";

    /// <summary>For so long Redis is not asked again after it kept a request waiting.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>For so long what Redis said is believed, and a binding not written anew.</summary>
    public static readonly TimeSpan SureLife = TimeSpan.FromSeconds(30);

    // So short that gateways agree; long enough for the calls that an agent makes side by side.
    private static readonly TimeSpan LocalLife = TimeSpan.FromSeconds(1);
    private const int LocalMax = 16_384;
    private const int LimitsMax = 64;
    private const int KeyBytes = 16;
    private const int NoticeBytes = sizeof(long) + KeyBytes;

    // A prompt that has grown by less is not worth a write.
    private const int TokensPart = 8;

    private readonly RedisClient _redis;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _sender = Random.Shared.NextInt64();
    private readonly Known?[] _local = new Known?[LocalMax];

    // Moves heard of: what was read from Redis while one came may be from before it.
    private readonly int[] _heard = new int[LocalMax];
    private readonly KeptStack<CancellationTokenSource> _limits = new(LimitsMax);
    private int _gaps;
    private long _pausedUntil;

    public BindingStore(RedisClient redis, TimeProvider time, ILogger log)
    {
        (_redis, _time, _log) = (redis, time, log);
        redis.Subscriber.Subscribe(NoticeChannel, Hear, () => Interlocked.Increment(ref _gaps));
    }

    /// <summary>Longest wait of a request for its binding; the client looks at its clock every 20 ms.</summary>
    public required TimeSpan Patience { get; init; }

    /// <summary>True with what this process has just learnt or written: null then is a conversation just unbound.
    /// </summary>
    public bool TryFindLocal(UInt128 key, out Binding? binding)
    {
        var known = Volatile.Read(ref _local[SlotOf(key)]);
        binding = null;
        if (known is null || known.Key != key || !IsGood(known))
        {
            return false;
        }

        binding = known.Binding;
        return true;
    }

    /// <summary>The binding in Redis, or null when there is none or Redis does not say.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Binding?> FindAsync(UInt128 key)
    {
        if (!_redis.IsConnected || _time.GetTimestamp() < Volatile.Read(ref _pausedUntil))
        {
            return null;
        }

        var (slot, heard) = (SlotOf(key), Volatile.Read(ref _heard[SlotOf(key)]));
        var limit = _limits.TryPop(out var kept) ? kept : new CancellationTokenSource();
        limit.CancelAfter(Patience);
        try
        {
            using var reply = await _redis.Runner.RunAsync(Begin("GET"u8, key), limit.Token);
            var binding = Read(reply.Read());
            if (binding is not null && Volatile.Read(ref _heard[slot]) == heard)
            {
                Remember(key, binding, binding, SureLife);
            }

            return binding;
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            Volatile.Write(ref _pausedUntil, _time.GetTimestamp() + TicksOf(Pause));
            GatewayLog.BindingsAway(_log, error.Message);
            return null;
        }
        finally
        {
            if (!limit.TryReset() || !_limits.TryPush(limit))
            {
                limit.Dispose();
            }
        }
    }

    /// <summary>Binds, or binds anew, for so long. Nobody waits for it.</summary>
    public void Keep(UInt128 key, Binding binding, TimeSpan life, BindingWrite write)
    {
        var known = Volatile.Read(ref _local[SlotOf(key)]);
        known = known?.Key == key ? known : null;
        if (write == BindingWrite.Renewal && known?.Stored is { } stored && IsNear(stored, binding, life))
        {
            Volatile.Write(ref _local[SlotOf(key)], known with { Binding = binding });
            return;
        }

        if (!_redis.IsConnected)
        {
            Remember(key, binding, null, LocalLife);
            return;
        }

        // Of others' moves since it was read nothing is known after a renewal: its time goes on.
        var sureUntil = write == BindingWrite.Renewal && known is not null && IsGood(known) ? known.SureUntil : 0;
        Volatile.Write(ref _local[SlotOf(key)], New(key, binding, binding, LocalLife) with { SureUntil = sureUntil });
        Span<byte> value = stackalloc byte[BindingCodec.Bytes];
        BindingCodec.Write(binding, value);
        var call = Begin("SET"u8, key).Add(value).Add("PX"u8).Add((long)life.TotalMilliseconds);
        _ = write switch
        {
            BindingWrite.First => BindFirstAsync(call.Add("NX"u8), key),
            BindingWrite.Move => SendAsync(call, movedKey: key),
            _ => SendAsync(call),
        };
    }

    /// <summary>Unbinds. Nobody waits for it.</summary>
    public void Remove(UInt128 key)
    {
        Remember(key, null, null, LocalLife);
        if (_redis.IsConnected)
        {
            _ = SendAsync(Begin("DEL"u8, key), movedKey: key);
        }
    }

    // Other gateways go on from what is stored: it must not be much older or smaller than what there is.
    private static bool IsNear(Binding stored, Binding next, TimeSpan life) =>
        (stored.Channel, stored.RuleGeneration, stored.ChannelGeneration, stored.Life, stored.Misses, stored.SlowRuns)
            == (next.Channel, next.RuleGeneration, next.ChannelGeneration, next.Life, next.Misses, next.SlowRuns)
        && stored.IsBrief == next.IsBrief
        && next.UsedMs - stored.UsedMs < Math.Min(life.TotalMilliseconds / 3, SureLife.TotalMilliseconds)
        && Math.Abs(next.CachedTokens - stored.CachedTokens) * TokensPart <= stored.CachedTokens;

    // Another gateway was first: where it bound the conversation, Redis says.
    private async Task BindFirstAsync(RespCall begun, UInt128 key)
    {
        try
        {
            using var reply = await _redis.Runner.RunAsync(begun, CancellationToken.None);
            if (IsNull(reply.Read()))
            {
                Forget(key);
            }
        }
        catch (RedisUnavailableException error)
        {
            GatewayLog.BindingsAway(_log, error.Message);
        }
    }

    // The client bounds what waits to be sent and how long; a binding that is lost costs one reading of a prompt.
    private async Task SendAsync(RespCall begun, UInt128? movedKey = null)
    {
        try
        {
            (await _redis.Runner.RunAsync(begun, CancellationToken.None)).Dispose();
            if (movedKey is { } key)
            {
                var notice = new byte[NoticeBytes];
                BinaryPrimitives.WriteInt64LittleEndian(notice, _sender);
                BinaryPrimitives.WriteUInt128LittleEndian(notice.AsSpan(sizeof(long)), key);
                await _redis.PublishAsync(NoticeChannel, notice, CancellationToken.None);
            }
        }
        catch (RedisUnavailableException error)
        {
            GatewayLog.BindingsAway(_log, error.Message);
        }
    }

    // Each conversation is its own hash tag: in a Cluster they spread over all slots.
    private RespCall Begin(ReadOnlySpan<byte> command, UInt128 key)
    {
        Span<byte> name = stackalloc byte[RedisKeys.BindingBytes];
        RedisKeys.WriteBinding(name, key);
        return _redis.Runner.Begin(command).Add(name);
    }

    private void Hear(ReadOnlySpan<byte> notice)
    {
        if (notice.Length == NoticeBytes && BinaryPrimitives.ReadInt64LittleEndian(notice) != _sender)
        {
            Forget(BinaryPrimitives.ReadUInt128LittleEndian(notice[sizeof(long)..]));
        }
    }

    private void Forget(UInt128 key)
    {
        Interlocked.Increment(ref _heard[SlotOf(key)]);
        Volatile.Write(ref _local[SlotOf(key)], null);
    }

    // What is known for long is only good as long as moves are heard of.
    private bool IsGood(Known known)
    {
        var now = _time.GetTimestamp();
        return now < known.Until
            || (now < known.SureUntil && known.Gaps == Volatile.Read(ref _gaps) && _redis.Subscriber.IsConnected);
    }

    private void Remember(UInt128 key, Binding? binding, Binding? stored, TimeSpan life) =>
        Volatile.Write(ref _local[SlotOf(key)], New(key, binding, stored, life));

    private Known New(UInt128 key, Binding? binding, Binding? stored, TimeSpan life)
    {
        var now = _time.GetTimestamp();
        return new Known(
            key, binding, stored, now + TicksOf(LocalLife), now + TicksOf(life), Volatile.Read(ref _gaps));
    }

    private long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private static int SlotOf(UInt128 key) => (int)((ulong)key % LocalMax);

    private static Binding? Read(RespReader reader) => reader.IsNull ? null : BindingCodec.Read(reader.ReadBytes());

    private static bool IsNull(RespReader reader) => reader.IsNull;

    /// <param name="Stored">What stands in Redis, as far as this process knows.</param>
    /// <param name="Until">So long it is good in any case.</param>
    /// <param name="SureUntil">So long it is good if no move was missed.</param>
    private sealed record Known(
        UInt128 Key, Binding? Binding, Binding? Stored, long Until, long SureUntil, int Gaps);
}
