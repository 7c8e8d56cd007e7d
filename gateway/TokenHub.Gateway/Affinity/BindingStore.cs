using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Redis;
using TokenHub.Redis.Resp;

namespace TokenHub.Gateway.Affinity;

/// <summary>
/// The bindings of conversations: in Redis, one key each that lapses by itself, and for a moment in this process. Redis
/// is waited for <see cref="Patience"/> at most; when it is away or slow, nothing is bound, and it is asked again only
/// after <see cref="Pause"/>.
/// </summary>
internal sealed class BindingStore(RedisClient redis, TimeProvider time, ILogger log)
{
    /// <summary>Longest wait of a request for its binding; the client looks at its clock every 20 ms.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    /// <summary>For so long Redis is not asked again after it kept a request waiting.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // So short that gateways agree; long enough for the calls that an agent makes side by side.
    private static readonly TimeSpan LocalLife = TimeSpan.FromSeconds(1);
    private const int LocalMax = 4096;
    private const int LimitsMax = 64;

    private readonly Known?[] _local = new Known?[LocalMax];
    private readonly KeptStack<CancellationTokenSource> _limits = new(LimitsMax);
    private long _pausedUntil;

    /// <summary>True with what this process has just learnt or written: null then is a conversation just unbound.
    /// </summary>
    public bool TryFindLocal(UInt128 key, out Binding? binding)
    {
        var known = Volatile.Read(ref _local[SlotOf(key)]);
        binding = null;
        if (known is null || known.Key != key || time.GetTimestamp() >= known.Until)
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
        if (!redis.IsConnected || time.GetTimestamp() < Volatile.Read(ref _pausedUntil))
        {
            return null;
        }

        var limit = _limits.TryPop(out var kept) ? kept : new CancellationTokenSource();
        limit.CancelAfter(Patience);
        try
        {
            using var reply = await redis.Runner.RunAsync(Begin("GET"u8, key), limit.Token);
            var binding = Read(reply.Read());
            if (binding is not null)
            {
                Remember(key, binding);
            }

            return binding;
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            Volatile.Write(ref _pausedUntil, time.GetTimestamp() + TicksOf(Pause));
            GatewayLog.BindingsAway(log, error.Message);
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
    public void Keep(UInt128 key, Binding binding, TimeSpan life)
    {
        Remember(key, binding);
        if (redis.IsConnected)
        {
            Span<byte> value = stackalloc byte[BindingCodec.Bytes];
            BindingCodec.Write(binding, value);
            _ = SendAsync(Begin("SET"u8, key).Add(value).Add("PX"u8).Add((long)life.TotalMilliseconds));
        }
    }

    /// <summary>Unbinds. Nobody waits for it.</summary>
    public void Remove(UInt128 key)
    {
        Remember(key, null);
        if (redis.IsConnected)
        {
            _ = SendAsync(Begin("DEL"u8, key));
        }
    }

    // The client bounds what waits to be sent and how long; a binding that is lost costs one reading of a prompt.
    private async Task SendAsync(RespCall begun)
    {
        try
        {
            (await redis.Runner.RunAsync(begun, CancellationToken.None)).Dispose();
        }
        catch (RedisUnavailableException error)
        {
            GatewayLog.BindingsAway(log, error.Message);
        }
    }

    // Each conversation is its own hash tag: in a Cluster they spread over all slots.
    private RespCall Begin(ReadOnlySpan<byte> command, UInt128 key)
    {
        Span<byte> name = stackalloc byte[RedisKeys.BindingBytes];
        RedisKeys.WriteBinding(name, key);
        return redis.Runner.Begin(command).Add(name);
    }

    private void Remember(UInt128 key, Binding? binding) => Volatile.Write(
        ref _local[SlotOf(key)], new Known(key, binding, time.GetTimestamp() + TicksOf(LocalLife)));

    private long TicksOf(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private static int SlotOf(UInt128 key) => (int)((ulong)key % LocalMax);

    private static Binding? Read(RespReader reader) => reader.IsNull ? null : BindingCodec.Read(reader.ReadBytes());

    private sealed record Known(UInt128 Key, Binding? Binding, long Until);
}
