using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>
/// Names of the keys of one shard, all under the hash tag <c>{sN}</c> so that one script may touch them together also
/// in a Cluster; those of channels have tags of their own.
/// </summary>
public static class RedisKeys
{
    // Tag, kind and two numbers of up to 20 digits.
    private const int BytesMax = 64;
    private const int CallHashBytes = 16;

    public static string Epoch(int shard) => $"{{s{shard}}}:ep";

    /// <summary>
    /// String: the epoch a closed shard will open with: there from before the gateways are told, so that its absence
    /// shows that Redis has lost again what they told it.
    /// </summary>
    public static string NextEpoch(int shard) => $"{{s{shard}}}:nx";

    /// <summary>String: how far the control plane's clock had come when it last saw the shard in order.</summary>
    public static string HighWater(int shard) => $"{{s{shard}}}:hw";

    /// <summary>Hash: balance, version, held, unsettled, status, slots.</summary>
    public static string Account(long account) => $"{{s{Shards.Of(account)}}}:a:{account}";

    /// <summary>Hash: open holds of an account by request id.</summary>
    public static string Holds(long account) => $"{{s{Shards.Of(account)}}}:r:{account}";

    /// <summary>Sorted set: open holds of a shard by deadline.</summary>
    public static string Due(int shard) => $"{{s{shard}}}:x";

    /// <summary>Hash: settled charges that PostgreSQL may not have, by request id.</summary>
    public static string Outbox(int shard) => $"{{s{shard}}}:o";

    /// <summary>Sorted set: the same request ids by time.</summary>
    public static string OutboxTimes(int shard) => $"{{s{shard}}}:oz";

    /// <summary>Hash: what a key has spent and holds.</summary>
    public static string Spend(long account, long key) => $"{{s{Shards.Of(account)}}}:k:{key}";

    /// <summary>String: state of the key's rate limits.</summary>
    public static string Rates(long account, long key) => $"{{s{Shards.Of(account)}}}:l:{key}";

    /// <summary>String: state of the rate limits of all keys of a user together.</summary>
    public static string AccountRates(long account) => $"{{s{Shards.Of(account)}}}:u:{account}";

    /// <summary>
    /// String: what belongs to a call of an answer and its client cannot carry. Call ids are anybody's text, so their
    /// hash stands for them.
    /// </summary>
    public static string Kept(long account, long key, string call) =>
        $"{{s{Shards.Of(account)}}}:t:{key}:"
        + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(call)).AsSpan(0, CallHashBytes));

    /// <summary>Hash: quota windows, rates, fences and demand of a channel, whose tag is <c>{cM}</c>.</summary>
    public static string ChannelState(long channel) => $"{{c{Shards.OfChannel(channel)}}}:q:{channel}";

    /// <summary>Hash: places at a channel by attempt.</summary>
    public static string ChannelPlaces(long channel) => $"{{c{Shards.OfChannel(channel)}}}:p:{channel}";

    /// <summary>Sorted set: the same attempts by the end of their lease.</summary>
    public static string ChannelSlots(long channel) => $"{{c{Shards.OfChannel(channel)}}}:z:{channel}";

    internal static RespCall AddChannel(this RespCall call, long channel) => call
        .AddChannelKey(channel, ":q:"u8).AddChannelKey(channel, ":p:"u8).AddChannelKey(channel, ":z:"u8);
    /// <summary>Bytes of the name of a conversation's binding.</summary>
    public const int BindingBytes = 37;

    /// <summary>
    /// String: the channel that a conversation is bound to. Alone of all names its hash tag is no shard: each
    /// conversation is its own.
    /// </summary>
    public static void WriteBinding(Span<byte> name, UInt128 conversation)
    {
        "af:{"u8.CopyTo(name);
        Utf8Formatter.TryFormat((ulong)(conversation >> 64), name[4..], out _, new StandardFormat('x', 16));
        Utf8Formatter.TryFormat((ulong)conversation, name[20..], out _, new StandardFormat('x', 16));
        name[36] = (byte)'}';
    }
    /// <summary>String: state of the rate limits of a group of channels, under a tag of its own.</summary>
    public static string GroupRates(string group) => $"{{g{Shards.OfName(group)}}}:l:{group}";

    /// <summary>String: what one request took of them.</summary>
    public static string GroupTaken(string group, RequestId rid) =>
        $"{{g{Shards.OfName(group)}}}:h:{group}:{rid.High:x16}{rid.Low:x16}";
    /// <summary>
    /// String: the rest of a channel's circuit, as the gateway that saw it told it; gone when the rest is over.
    /// </summary>
    public static string Circuit(long channel) => $"{{c{channel & 255}}}:b:{channel}";

    /// <summary>String: the gateway whose call tries a channel with an open circuit, for as long as that may last.
    /// </summary>
    public static string Trial(long channel) => $"{{c{channel & 255}}}:t:{channel}";

    internal static RespCall AddEpoch(this RespCall call, int shard) => call.AddKey(shard, ":ep"u8);

    internal static RespCall AddNextEpoch(this RespCall call, int shard) => call.AddKey(shard, ":nx"u8);

    internal static RespCall AddHighWater(this RespCall call, int shard) => call.AddKey(shard, ":hw"u8);

    internal static RespCall AddAccount(this RespCall call, int shard, long account) =>
        call.AddKey(shard, ":a:"u8, account);

    internal static RespCall AddHolds(this RespCall call, int shard, long account) =>
        call.AddKey(shard, ":r:"u8, account);

    internal static RespCall AddDue(this RespCall call, int shard) => call.AddKey(shard, ":x"u8);

    internal static RespCall AddOutbox(this RespCall call, int shard) => call.AddKey(shard, ":o"u8);

    internal static RespCall AddOutboxTimes(this RespCall call, int shard) => call.AddKey(shard, ":oz"u8);

    internal static RespCall AddSpend(this RespCall call, int shard, long key) => call.AddKey(shard, ":k:"u8, key);

    internal static RespCall AddAccountRates(this RespCall call, int shard, long account) =>
        call.AddKey(shard, ":u:"u8, account);

    internal static RespCall AddRates(this RespCall call, int shard, long key) => call.AddKey(shard, ":l:"u8, key);

    private static RespCall AddKey(this RespCall call, int shard, ReadOnlySpan<byte> kind)
    {
        Span<byte> name = stackalloc byte[BytesMax];
        return call.Add(name[..Write(name, "{s"u8, shard, kind)]);
    }

    private static RespCall AddChannelKey(this RespCall call, long channel, ReadOnlySpan<byte> kind)
    {
        Span<byte> name = stackalloc byte[BytesMax];
        var at = Write(name, "{c"u8, Shards.OfChannel(channel), kind);
        Utf8Formatter.TryFormat(channel, name[at..], out var digits);
        return call.Add(name[..(at + digits)]);
    }

    private static RespCall AddKey(this RespCall call, int shard, ReadOnlySpan<byte> kind, long id)
    {
        Span<byte> name = stackalloc byte[BytesMax];
        var at = Write(name, "{s"u8, shard, kind);
        Utf8Formatter.TryFormat(id, name[at..], out var digits);
        return call.Add(name[..(at + digits)]);
    }

    private static int Write(Span<byte> name, ReadOnlySpan<byte> tag, int shard, ReadOnlySpan<byte> kind)
    {
        tag.CopyTo(name);
        Utf8Formatter.TryFormat(shard, name[2..], out var digits);
        var at = 2 + digits;
        name[at++] = (byte)'}';
        kind.CopyTo(name[at..]);
        return at + kind.Length;
    }
}
