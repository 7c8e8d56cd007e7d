using System.Buffers.Text;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis;

/// <summary>One call of the till: which script, and its keys and arguments in the order its header gives.</summary>
internal interface ITillCommand
{
    public LuaScript Script { get; }

    public void Write(RespCall call, int shard, long epoch);
}

internal readonly record struct ReserveCommand(HoldRequest Request) : ITillCommand
{
    public LuaScript Script => LuaScripts.Reserve;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Request.Account).AddHolds(shard, Request.Account).AddDue(shard)
            .AddOutbox(shard).AddSpend(shard, Request.Key).AddRates(shard, Request.Key)
            .AddAccountRates(shard, Request.Account)
            .Add(epoch).Add(Request.Rid).Add(Request.Amount.Units).Add(Request.TtlMs)
            .AddOwner(Request.GatewayNo, Request.BootNo).Add(Request.Account).Add(Request.Key)
            .AddLimit(Request.KeyCap?.Units).Add(Request.UserMaxConcurrency).AddLimit(Request.KeyMaxConcurrency)
            .AddLimit(Request.Rpm).AddLimit(Request.Tpm).Add(Request.Tokens)
            .AddLimit(Request.UserRpm).AddLimit(Request.UserTpm);
    }
}

internal readonly record struct ExtendCommand(
    RequestId Rid, long Account, long Key, Usd More, Usd? KeyCap, int TtlMs) : ITillCommand
{
    public LuaScript Script => LuaScripts.Extend;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddHolds(shard, Account).AddDue(shard)
            .AddOutbox(shard).AddSpend(shard, Key)
            .Add(epoch).Add(Rid).Add(More.Units).Add(TtlMs).Add(Account).Add(Key).AddLimit(KeyCap?.Units);
    }
}

internal readonly record struct SettleCommand(
    RequestId Rid, long Account, long Key, Usd Cost, ReadOnlyMemory<byte> Payload, long? Tokens) : ITillCommand
{
    public LuaScript Script => LuaScripts.Settle;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddHolds(shard, Account).AddDue(shard)
            .AddOutbox(shard).AddOutboxTimes(shard).AddSpend(shard, Key)
            .AddRates(shard, Key).AddAccountRates(shard, Account)
            .Add(epoch).Add(Rid).Add(Cost.Units).Add(Payload.Span).Add(Account).Add(Key).AddLimit(Tokens);
    }
}

internal readonly record struct ReleaseCommand(RequestId Rid, long Account, long Key) : ITillCommand
{
    public LuaScript Script => LuaScripts.Release;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddHolds(shard, Account).AddDue(shard).AddSpend(shard, Key)
            .Add(epoch).Add(Rid).Add(Account).Add(Key);
    }
}

internal readonly record struct AckCommand(
    long Account, Usd Balance, long Version, long Key, Usd KeySpent, long KeyVersion,
    IReadOnlyList<RequestId> Rids, int From, int Count) : ITillCommand
{
    public LuaScript Script => LuaScripts.Ack;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddHolds(shard, Account).AddDue(shard)
            .AddOutbox(shard).AddOutboxTimes(shard).AddSpend(shard, Key)
            .Add(epoch).Add(Account).Add(Balance.Units).Add(Version).Add(Key).Add(KeySpent.Units).Add(KeyVersion);
        for (var i = From; i < From + Count; i++)
        {
            call.Add(Rids[i]);
        }
    }
}

internal readonly record struct SetBalanceCommand(
    long Account, Usd Balance, long Version, bool IsActive, int MaxConcurrency) : ITillCommand
{
    public LuaScript Script => LuaScripts.SetBalance;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account)
            .Add(epoch).Add(Balance.Units).Add(Version).Add(IsActive ? 1 : 0).Add(MaxConcurrency);
    }
}

internal readonly record struct ReholdCommand(
    long Account, long Key, IReadOnlyList<Rehold> Holds, int From, int Count) : ITillCommand
{
    public LuaScript Script => LuaScripts.Rehold;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddHolds(shard, Account).AddDue(shard)
            .AddOutbox(shard).AddSpend(shard, Key)
            .Add(epoch).Add(Account).Add(Key);
        for (var i = From; i < From + Count; i++)
        {
            var hold = Holds[i];
            call.Add(hold.Rid).Add(hold.Amount.Units).Add(hold.TtlMs).AddOwner(hold.GatewayNo, hold.BootNo);
        }
    }
}

internal readonly record struct HydrateCommand(
    long Account, Usd Balance, long Version, bool IsActive, int MaxConcurrency, long Key, Usd KeySpent, long KeyVersion)
    : ITillCommand
{
    public LuaScript Script => LuaScripts.Hydrate;

    public void Write(RespCall call, int shard, long epoch)
    {
        call.AddEpoch(shard).AddAccount(shard, Account).AddSpend(shard, Key)
            .Add(epoch).Add(Balance.Units).Add(Version).Add(IsActive ? 1 : 0).Add(MaxConcurrency)
            .Add(Key).Add(KeySpent.Units).Add(KeyVersion);
    }
}

internal readonly record struct ReapCommand(int Limit) : ITillCommand
{
    public LuaScript Script => LuaScripts.Reap;

    public void Write(RespCall call, int shard, long epoch) =>
        call.AddEpoch(shard).AddDue(shard).Add(epoch).Add(Limit);
}

internal readonly record struct OutboxCommand(long OlderThanMs, int Limit) : ITillCommand
{
    public LuaScript Script => LuaScripts.Outbox;

    public void Write(RespCall call, int shard, long epoch) =>
        call.AddEpoch(shard).AddOutbox(shard).AddOutboxTimes(shard).Add(epoch).Add(OlderThanMs).Add(Limit);
}

internal static class TillArguments
{
    /// <summary>Gateway and boot as <c>3.17</c>.</summary>
    public static RespCall AddOwner(this RespCall call, int gatewayNo, int bootNo)
    {
        Span<byte> text = stackalloc byte[24];
        Utf8Formatter.TryFormat(gatewayNo, text, out var at);
        text[at++] = (byte)'.';
        Utf8Formatter.TryFormat(bootNo, text[at..], out var digits);
        return call.Add(text[..(at + digits)]);
    }

    /// <summary>A limit, or nothing for none.</summary>
    public static RespCall AddLimit(this RespCall call, long? limit) =>
        limit is { } value ? call.Add(value) : call.Add(ReadOnlySpan<byte>.Empty);
}
