using System.Buffers.Text;
using System.Globalization;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis;

/// <summary>The three integers with which a script answers, or seven where it speaks of rates.</summary>
internal readonly record struct TillReply(TillCode Code, long First, long Second, RateState Rates = default)
{
    private const int Plain = 3;
    private const int WithRates = 7;

    public HoldReply ToHold() => new(
        Code,
        Code == TillCode.StaleEpoch ? Usd.Zero : new Usd(First),
        (int)Math.Clamp(Second, 0, int.MaxValue),
        Rates);

    /// <summary>A count, or the code of a refusal, which is below zero.</summary>
    public int ToCount() => Code < 0 ? (int)Code : (int)First;

    public static TillReply Read(ref RespReader reader)
    {
        var values = reader.ReadAggregate();
        if (values < 1)
        {
            throw Malformed();
        }

        var code = (TillCode)reader.ReadInteger();
        if (values is not (Plain or WithRates) || (code > 0 && reader.Kind != ':'))
        {
            return new TillReply(code, values - 1, 0);
        }

        var reply = new TillReply(code, reader.ReadInteger(), reader.ReadInteger());
        return values == Plain ? reply : reply with
        {
            Rates = new RateState(
                true, ReadAhead(ref reader), ReadAhead(ref reader), ReadAhead(ref reader), ReadAhead(ref reader)),
        };
    }

    public static DueHold ReadDue(ref RespReader reader)
    {
        var hold = ReadMember(ref reader);
        return hold with { DeadlineMs = reader.ReadInteger() };
    }

    /// <summary>A hold as the set of deadlines names it.</summary>
    public static DueHold ReadMember(ref RespReader reader)
    {
        // account|request id|gateway.boot|key
        var member = reader.ReadBytes();
        var account = Number(Take(ref member, (byte)'|'));
        var rid = Id(Take(ref member, (byte)'|'));
        var gatewayNo = Number(Take(ref member, (byte)'.'));
        var bootNo = Number(Take(ref member, (byte)'|'));
        return new DueHold(rid, account, Number(member), (int)gatewayNo, (int)bootNo, 0);
    }

    public static OutboxEntry ReadOutbox(ref RespReader reader)
    {
        // account|key|cost|record
        var rid = Id(reader.ReadBytes());
        var value = reader.ReadBytes();
        var account = Number(Take(ref value, (byte)'|'));
        var key = Number(Take(ref value, (byte)'|'));
        var cost = new Usd(Number(Take(ref value, (byte)'|')));
        return new OutboxEntry(rid, account, key, cost, value.ToArray());
    }

    private static int ReadAhead(ref RespReader reader) =>
        (int)Math.Clamp(reader.ReadInteger(), -1, int.MaxValue);

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> text, byte mark)
    {
        var at = text.IndexOf(mark);
        if (at < 0)
        {
            throw Malformed();
        }

        var head = text[..at];
        text = text[(at + 1)..];
        return head;
    }

    private static long Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long value, out var used) && used == text.Length ? value : throw Malformed();

    private static RequestId Id(ReadOnlySpan<byte> text) =>
        text.Length == 32
        && ulong.TryParse(text[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var high)
        && ulong.TryParse(text[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low)
            ? new RequestId(high, low)
            : throw Malformed();

    private static RespProtocolException Malformed() => new("A script's reply, or an entry in it, is not of its form.");
}
