using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// The control plane's side of the till: what PostgreSQL says is brought in, what is overdue is listed.
/// </summary>
public sealed partial class Till
{
    /// <summary>Most request ids, or holds, in one script call, so that none keeps the server busy for long.</summary>
    private const int EntriesMax = 128;

    /// <summary>
    /// PostgreSQL has these charges. Returns of how many something was dropped; below zero it is a <see
    /// cref="TillCode"/>. The numbers must be read in, or after, the transaction that posted the charges.
    /// </summary>
    public async ValueTask<int> AckAsync(
        long account,
        Usd balance,
        long version,
        long key,
        Usd keySpent,
        long keyVersion,
        IReadOnlyList<RequestId> rids,
        CancellationToken cancellationToken)
    {
        var dropped = 0;
        var from = 0;
        do
        {
            var count = Math.Min(EntriesMax, rids.Count - from);
            var command = new AckCommand(account, balance, version, key, keySpent, keyVersion, rids, from, count);
            var reply = await RunAsync(command, Shards.Of(account), cancellationToken).ConfigureAwait(false);
            if (reply.Code < 0)
            {
                return reply.ToCount();
            }

            dropped += reply.ToCount();
            from += count;
        }
        while (from < rids.Count);
        return dropped;
    }

    /// <summary>
    /// Takes over a balance where it is newer, and status and slots in any case (they have no version). Not hydrated
    /// is fine.
    /// </summary>
    public ValueTask<TillCode> SetBalanceAsync(
        long account,
        Usd balance,
        long version,
        bool active,
        int maxConcurrency,
        CancellationToken cancellationToken) =>
        CodeAsync(
            new SetBalanceCommand(account, balance, version, active, maxConcurrency),
            Shards.Of(account),
            cancellationToken);

    /// <summary>
    /// Puts back open holds that Redis has lost, each only if absent. Returns how many were added; below zero it is a
    /// <see cref="TillCode"/>. Works before the shard is built.
    /// </summary>
    public async ValueTask<int> ReholdAsync(
        long account, IReadOnlyList<Rehold> holds, CancellationToken cancellationToken)
    {
        var added = 0;
        foreach (var group in holds.GroupBy(hold => hold.Key))
        {
            var ofKey = group.ToArray();
            for (var from = 0; from < ofKey.Length; from += EntriesMax)
            {
                var count = Math.Min(EntriesMax, ofKey.Length - from);
                var command = new ReholdCommand(account, group.Key, ofKey, from, count);
                var reply = await RunAsync(command, Shards.Of(account), cancellationToken).ConfigureAwait(false);
                if (reply.Code < 0)
                {
                    return reply.ToCount();
                }

                added += reply.ToCount();
            }
        }

        return added;
    }

    /// <summary>
    /// Brings an account, and a key unless it is 0, into Redis where they are absent or older; leaves what is held
    /// alone. Works before the shard is built.
    /// </summary>
    public ValueTask<TillCode> HydrateAsync(
        long account,
        Usd balance,
        long version,
        bool active,
        int maxConcurrency,
        long key,
        Usd keySpent,
        long keyVersion,
        CancellationToken cancellationToken) =>
        CodeAsync(
            new HydrateCommand(account, balance, version, active, maxConcurrency, key, keySpent, keyVersion),
            Shards.Of(account),
            cancellationToken);

    /// <summary>
    /// Lists holds past their deadline by Redis' clock, oldest first; none when the shard is not built.
    /// </summary>
    public ValueTask<IReadOnlyList<DueHold>> ReapAsync(int shard, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return ListAsync(new ReapCommand(limit), shard, TillReply.ReadDue, cancellationToken);
    }

    /// <summary>
    /// Lists charges that wait for at least an age by Redis' clock, oldest first; none when the shard is not built.
    /// </summary>
    public ValueTask<IReadOnlyList<OutboxEntry>> OutboxAsync(
        int shard, long olderThanMs, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(olderThanMs);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        return ListAsync(new OutboxCommand(olderThanMs, limit), shard, TillReply.ReadOutbox, cancellationToken);
    }

    /// <summary>
    /// Open holds of a shard, due or not, without their deadlines: up to <paramref name="count"/> of them after the
    /// first <paramref name="from"/>, soonest first.
    /// </summary>
    public async ValueTask<IReadOnlyList<DueHold>> ListHoldsAsync(
        int shard, int from, int count, CancellationToken cancellationToken)
    {
        var begun = runner.Begin("ZRANGE"u8).AddDue(shard).Add(from).Add(from + count - 1);
        using var reply = await runner.RunAsync(begun, cancellationToken).ConfigureAwait(false);
        return ReadHolds(reply.Read());
    }

    /// <summary>Opens a shard for business under this epoch. The last step of building it.</summary>
    public async ValueTask BuildShardAsync(int shard, long epoch, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        var begun = runner.Begin("SET"u8).AddEpoch(shard).Add(epoch);
        (await runner.RunAsync(begun, cancellationToken).ConfigureAwait(false)).Dispose();
        Join(shard, epoch);
    }

    /// <summary>The account as Redis has it, or null when it is not hydrated.</summary>
    public async ValueTask<AccountState?> ReadAccountAsync(long account, CancellationToken cancellationToken)
    {
        var shard = Shards.Of(account);
        var fields = runner.Begin("HMGET"u8).AddAccount(shard, account)
            .Add("ver"u8).Add("bal"u8).Add("pend"u8).Add("uns"u8);
        using var state = await runner.RunAsync(fields, cancellationToken).ConfigureAwait(false);
        var count = runner.Begin("HLEN"u8).AddHolds(shard, account);
        using var holds = await runner.RunAsync(count, cancellationToken).ConfigureAwait(false);
        return ReadAccount(state.Read(), (int)holds.Read().ReadInteger());
    }

    private static List<DueHold> ReadHolds(RespReader reader)
    {
        var holds = new List<DueHold>();
        for (var left = reader.ReadAggregate(); left > 0; left--)
        {
            holds.Add(TillReply.ReadMember(ref reader));
        }

        return holds;
    }

    private static AccountState? ReadAccount(RespReader reader, int openHolds)
    {
        reader.ReadAggregate();
        if (reader.IsNull)
        {
            return null;
        }

        var version = reader.ReadInteger();
        var balance = new Usd(reader.ReadInteger());
        return new AccountState(balance, version, ReadAmount(ref reader), ReadAmount(ref reader), openHolds);
    }

    private static Usd ReadAmount(ref RespReader reader)
    {
        if (reader.IsNull)
        {
            reader.Skip();
            return Usd.Zero;
        }

        return new Usd(reader.ReadInteger());
    }

    private async ValueTask<IReadOnlyList<TEntry>> ListAsync<TCommand, TEntry>(
        TCommand command, int shard, EntryReader<TEntry> read, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand
    {
        var epoch = Volatile.Read(ref _epochs[shard]);
        var (head, entries) = await ListOnceAsync(command, shard, epoch, read, cancellationToken).ConfigureAwait(false);
        if (head.Code == TillCode.StaleEpoch && TryAdopt(shard, epoch, head.First))
        {
            epoch = head.First;
            (_, entries) = await ListOnceAsync(command, shard, epoch, read, cancellationToken).ConfigureAwait(false);
        }

        return entries;
    }

    private async ValueTask<(TillReply Reply, List<TEntry> Entries)> ListOnceAsync<TCommand, TEntry>(
        TCommand command, int shard, long epoch, EntryReader<TEntry> read, CancellationToken cancellationToken)
        where TCommand : struct, ITillCommand
    {
        using var reply = await SendAsync(command, shard, epoch, cancellationToken).ConfigureAwait(false);
        return ReadList(reply.Read(), read);
    }

    private static (TillReply Reply, List<TEntry> Entries) ReadList<TEntry>(
        RespReader reader, EntryReader<TEntry> read)
    {
        var entries = new List<TEntry>();
        var header = TillReply.Read(ref reader);
        if (header.Code == TillCode.Ok)
        {
            // Two values each.
            for (var left = header.First; left >= 2; left -= 2)
            {
                entries.Add(read(ref reader));
            }
        }

        return (header, entries);
    }

    private delegate TEntry EntryReader<TEntry>(ref RespReader reader);
}
