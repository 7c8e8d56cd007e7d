using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using TokenHub.Core.Quota;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis.Channels;

/// <summary>
/// The limits of channels in Redis: slots, rates and quota windows, each call one script and so as a whole or not at
/// all. Every call may be repeated after a lost answer. Thread-safe.
/// </summary>
/// <remarks>Continuations may run on the thread that reads the socket: nothing may block in them.</remarks>
public sealed class ChannelSeats(IScriptRunner runner)
{
    /// <summary>Most places in one renewal, so that none keeps the server busy for long.</summary>
    public const int PlacesMax = 128;

    /// <summary>Most windows that a channel can have.</summary>
    public const int WindowsMax = 16;

    // Nobody waits longer than eleven days; and it can be rounded up without a care.
    private const int WaitMsMax = 1_000_000_000;

    /// <summary>Takes a place, or refuses and changes nothing.</summary>
    public ValueTask<SeatReply> EnterAsync(
        in SeatRequest seat, ReadOnlySpan<WindowClaim> windows, CancellationToken cancellationToken)
    {
        var call = runner.Begin(LuaScripts.Enter).AddChannel(seat.Channel)
            .Add(seat.Epoch).Add(seat.Rid).Add(seat.Attempt).AddOwner(seat.GatewayNo, seat.BootNo).Add(seat.LeaseMs)
            .AddLimit(seat.Slots).AddLimit(seat.Rpm).AddLimit(seat.Tpm).Add(seat.Tokens).Add(seat.Cost.Units);
        return RunAsync(AddWindows(call, windows), cancellationToken);
    }

    /// <summary>Gives a place back with what was used; counts that once, however often it is said.</summary>
    public ValueTask<SeatReply> LeaveAsync(
        in SeatReturn seat, ReadOnlySpan<WindowClaim> windows, CancellationToken cancellationToken)
    {
        var call = runner.Begin(LuaScripts.Leave).AddChannel(seat.Channel)
            .Add(seat.Epoch).Add(seat.Rid).Add(seat.Attempt).Add(seat.Fence).Add(seat.Tokens).Add(seat.Cost.Units)
            .AddLimit(seat.Tpm);
        return RunAsync(AddWindows(call, windows), cancellationToken);
    }

    /// <summary>
    /// Renews the leases of places and puts back those that Redis has lost; with none it tells how the channel stands.
    /// </summary>
    /// <param name="fences">Takes the fence of each place from now on; 0 for one that was given back.</param>
    public ValueTask<SeatReply> RenewAsync(
        long channel, long epoch, int gatewayNo, int bootNo, int leaseMs, ReadOnlySpan<WindowClaim> windows,
        ReadOnlySpan<HeldSeat> seats, Memory<long> fences, CancellationToken cancellationToken)
    {
        var call = runner.Begin(LuaScripts.Renew).AddChannel(channel)
            .Add(epoch).AddOwner(gatewayNo, bootNo).Add(leaseMs).Add(windows.Length);
        AddWindows(call, windows);
        foreach (ref readonly var seat in seats)
        {
            call.Add(seat.Rid).Add(seat.Attempt).Add(seat.Fence).Add(seat.Tokens).Add(seat.Cost.Units);
        }

        return RunAsync(call, cancellationToken, fences);
    }

    /// <summary>Brings what is used of each window from PostgreSQL, where it is not counted already.</summary>
    /// <param name="windows">With what is used as their amounts.</param>
    public ValueTask<SeatReply> RecountAsync(
        long channel, long epoch, ReadOnlySpan<WindowClaim> windows, CancellationToken cancellationToken) =>
        RunAsync(
            AddWindows(runner.Begin(LuaScripts.Recount).AddChannel(channel).Add(epoch), windows), cancellationToken);

    /// <summary>
    /// The windows as they are counted, in the order of their names; null where one is not, or only for an earlier
    /// epoch.
    /// </summary>
    public async ValueTask<WindowCount?[]> ReadAsync(
        long channel, long epoch, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var call = runner.Begin("HMGET"u8).Add(RedisKeys.ChannelState(channel)).Add("ep"u8);
        foreach (var name in names)
        {
            call.Add("w:" + name);
        }

        using var reply = await runner.RunAsync(call, cancellationToken).ConfigureAwait(false);
        return ReadCounts(reply.Read(), epoch, names.Count);
    }

    private static RespCall AddWindows(RespCall call, ReadOnlySpan<WindowClaim> windows)
    {
        Span<byte> name = stackalloc byte[16];
        foreach (ref readonly var window in windows)
        {
            Encoding.ASCII.GetBytes(window.Name, name);
            call.Add(name).Add((long)window.Kind).Add(window.Amount)
                .Add(window.Period.StartMs).Add(window.Period.EndMs);
        }

        return call;
    }

    private ValueTask<SeatReply> RunAsync(
        RespCall call, CancellationToken cancellationToken, Memory<long> fences = default) =>
        FinishAsync(runner.RunAsync(call, cancellationToken), fences);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<SeatReply> FinishAsync(ValueTask<RespReply> pending, Memory<long> fences)
    {
        using var reply = await pending.ConfigureAwait(false);
        return ReadReply(reply.Read(), fences.Span);
    }

    private static SeatReply ReadReply(RespReader reader, Span<long> fences)
    {
        var values = reader.ReadAggregate();
        var answer = new SeatReply(
            (SeatCode)reader.ReadInteger(), (int)Math.Clamp(reader.ReadInteger(), 0, WaitMsMax),
            reader.ReadInteger(), reader.ReadInteger(), (int)reader.ReadInteger(), reader.ReadInteger(),
            reader.ReadInteger(), new QuotaPeriod(reader.ReadInteger(), reader.ReadInteger()), reader.ReadInteger());
        for (var i = 0; i < fences.Length && i < values - 10; i++)
        {
            fences[i] = reader.ReadInteger();
        }

        return answer;
    }

    private static WindowCount?[] ReadCounts(RespReader reader, long epoch, int count)
    {
        reader.ReadAggregate();
        var counted = ReadText(ref reader);
        var isCurrent = long.TryParse(counted, CultureInfo.InvariantCulture, out var at) && at >= epoch;
        var counts = new WindowCount?[count];
        for (var i = 0; i < count; i++)
        {
            var parts = ReadText(ref reader)?.Split('|');
            counts[i] = isCurrent && parts is { Length: 5 }
                ? new WindowCount(
                    new QuotaPeriod(Number(parts[0]), Number(parts[1])), Number(parts[2]), Number(parts[3]))
                : null;
        }

        return counts;
    }

    private static string? ReadText(ref RespReader reader)
    {
        var isNull = reader.IsNull;
        var bytes = reader.ReadBytes();
        return isNull ? null : Encoding.ASCII.GetString(bytes);
    }

    private static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
