using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// The money in Redis: holds are taken, extended, settled and released here, each by one script and so as a whole or
/// not at all. Every call may be repeated after a lost answer. Thread-safe.
/// </summary>
/// <remarks>Continuations may run on the thread that reads the socket: nothing may block in them.</remarks>
/// <param name="joinsByItself">
/// False for a gateway: it reserves under a shard's new epoch only after <see cref="Join"/>, when it has told Redis
/// again of everything open and unposted there.
/// </param>
public sealed partial class Till(IScriptRunner runner, bool joinsByItself = true)
{
    private readonly long[] _epochs = new long[Shards.Count];
    private readonly long[] _joined = new long[Shards.Count];
    private long _epochSum;

    /// <summary>
    /// Holds an amount, or refuses and changes nothing. A repeat is answered with <see cref="TillCode.Repeated"/>.
    /// </summary>
    public ValueTask<HoldReply> ReserveAsync(in HoldRequest request, CancellationToken cancellationToken) =>
        HoldAsync(new ReserveCommand(request), request.Account, cancellationToken);

    /// <summary>
    /// Adds to a hold and moves its deadline to <paramref name="ttlMs"/> from now, never back. An addition of zero is a
    /// heartbeat and needs no funds. Not known again when repeated: then the hold is larger until it is settled.
    /// </summary>
    public ValueTask<HoldReply> ExtendAsync(
        RequestId rid, long account, long key, Usd more, Usd? keyCap, int ttlMs, CancellationToken cancellationToken) =>
        HoldAsync(new ExtendCommand(rid, account, key, more, keyCap, ttlMs), account, cancellationToken);

    /// <summary>Charges the cost, above or below the hold, and drops the hold. A cost of zero is a refund.</summary>
    /// <param name="tokens">
    /// Tokens used in truth: rates were held to an estimate and are put right by them. Null leaves the estimate.
    /// </param>
    public ValueTask<HoldReply> SettleAsync(
        RequestId rid,
        long account,
        long key,
        Usd cost,
        ReadOnlyMemory<byte> payload,
        CancellationToken cancellationToken,
        long? tokens = null) =>
        HoldAsync(new SettleCommand(rid, account, key, cost, payload, tokens), account, cancellationToken);

    /// <summary>Gives a hold back whole; <see cref="TillCode.Repeated"/> when there is none.</summary>
    public ValueTask<TillCode> ReleaseAsync(
        RequestId rid, long account, long key, CancellationToken cancellationToken) =>
        CodeAsync(new ReleaseCommand(rid, account, key), Shards.Of(account), cancellationToken);

    /// <summary>The epoch of a shard as this process last saw it.</summary>
    public long EpochOf(int shard) => Volatile.Read(ref _epochs[shard]);

    /// <summary>The epoch under which this process reserves in a shard.</summary>
    public long JoinedEpochOf(int shard) =>
        Volatile.Read(ref joinsByItself ? ref _epochs[shard] : ref _joined[shard]);

    /// <summary>
    /// The epochs of all shards together, as this process last saw them: rises with any loss of any shard.
    /// </summary>
    public long EpochSum => Volatile.Read(ref _epochSum);

    /// <summary>
    /// From now on reservations in the shard are made under this epoch, unless a later one was joined.
    /// </summary>
    public void Join(int shard, long epoch)
    {
        Interlocked.Add(ref _epochSum, Raise(ref _epochs[shard], epoch));
        Raise(ref _joined[shard], epoch);
    }

    internal ValueTask<RespReply> SendAsync<TCommand>(
        in TCommand command, int shard, long epoch, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand
    {
        var begun = runner.Begin(command.Script);
        command.Write(begun, shard, epoch);
        return runner.RunAsync(begun, cancellationToken);
    }

    private ValueTask<HoldReply> HoldAsync<TCommand>(
        in TCommand command, long account, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand =>
        TillCall<TCommand>.HoldAsync(this, command, Shards.Of(account), cancellationToken);

    private async ValueTask<TillCode> CodeAsync<TCommand>(
        TCommand command, int shard, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand =>
        (await RunAsync(command, shard, cancellationToken).ConfigureAwait(false)).Code;

    private ValueTask<TillReply> RunAsync<TCommand>(
        in TCommand command, int shard, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand =>
        TillCall<TCommand>.RunAsync(this, command, shard, cancellationToken);

    // Only forward: a Redis that shows an older epoch than was ever seen has gone back in time and is refused until
    // the control plane has built the shard anew. So a call is repeated at most as often as the epoch rises, once as
    // a rule.
    internal bool TryAdopt(int shard, long used, long current)
    {
        if (current <= used)
        {
            return false;
        }

        Interlocked.Add(ref _epochSum, Raise(ref _epochs[shard], current));
        return true;
    }

    // By how much it was raised.
    private static long Raise(ref long epoch, long to)
    {
        var known = Volatile.Read(ref epoch);
        while (known < to)
        {
            var before = Interlocked.CompareExchange(ref epoch, to, known);
            if (before == known)
            {
                return to - before;
            }

            known = before;
        }

        return 0;
    }
}
