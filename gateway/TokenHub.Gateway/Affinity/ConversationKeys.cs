using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Conversations;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Affinity;

/// <summary>
/// Finds the rule that knows a request's conversation, and the conversation's name: 128 bits over tenant, group, rule
/// and what the rule found. The model is no part of it: a conversation keeps its channel when it changes its model.
/// </summary>
internal static class ConversationKeys
{
    // Longer values are taken by their hash.
    private const int ValueBytesMax = 512;
    private const int GroupBytesMax = 256;
    private const int NumbersBytes = (2 * sizeof(long)) + 2;

    /// <summary>The first rule that is for the request and finds something; null when none does.</summary>
    public static AffinityRule? Find(Exchange exchange, RuleSet set, out UInt128 key)
    {
        key = default;
        Span<char> scratch = stackalloc char[UsageRecord.ModelBytesMax];
        var model = ModelOf(exchange, scratch);
        Span<Range> values = stackalloc Range[PointerTree.ValuesMax];
        values = values[..set.Wanted.Count];
        ConversationPrefix? prefix = null;
        foreach (var rule in set.Rules)
        {
            if (!rule.IsFor(exchange.Endpoint, model))
            {
                continue;
            }

            if (prefix is null && (rule.UsesPrefix || NeedsBody(rule)))
            {
                prefix = ConversationReader.Read(exchange.Dialect, exchange.Body.Span, set.Wanted, values);
            }

            if (TryKey(exchange, rule, values, prefix ?? default, out key))
            {
                return rule.Rule;
            }
        }

        return null;
    }

    private static bool TryKey(
        Exchange exchange, ReadyRule rule, ReadOnlySpan<Range> values, in ConversationPrefix prefix, out UInt128 key)
    {
        Span<byte> room = stackalloc byte[ValueBytesMax];
        ReadOnlySpan<byte> text = room[..0];
        foreach (var place in rule.Places)
        {
            text = place.Header is null ? ReadValue(exchange.Body.Span, values[place.Value], room)
                : ReadHeader(exchange.Request.Headers, place, room);
            if (!text.IsEmpty)
            {
                break;
            }
        }

        var usesPrefix = rule.UsesPrefix && prefix.IsFound;
        key = default;
        if (text.IsEmpty && (rule.Places.Length > 0 || !usesPrefix))
        {
            return false;
        }

        key = Hash(exchange, rule.Rule.Id, SessionText.Of(text), usesPrefix ? prefix : default);
        return true;
    }

    private static bool NeedsBody(ReadyRule rule)
    {
        foreach (var place in rule.Places)
        {
            if (place.Header is null)
            {
                return true;
            }
        }

        return false;
    }

    // Account, rule, group, value and prefix, each of a length that is fixed or written before it.
    private static UInt128 Hash(Exchange exchange, long rule, ReadOnlySpan<byte> value, in ConversationPrefix prefix)
    {
        Span<byte> all = stackalloc byte[NumbersBytes + GroupBytesMax + ValueBytesMax + 32];
        BinaryPrimitives.WriteInt64LittleEndian(all, exchange.Key!.Account);
        BinaryPrimitives.WriteInt64LittleEndian(all[8..], rule);
        var group = Encoding.UTF8.GetBytes(exchange.Group ?? "", all[NumbersBytes..]);
        BinaryPrimitives.WriteUInt16LittleEndian(all[16..], (ushort)group);
        var at = NumbersBytes + group;
        BinaryPrimitives.WriteUInt128LittleEndian(all[at..], prefix.Head);
        BinaryPrimitives.WriteUInt128LittleEndian(all[(at + 16)..], prefix.FirstTurn);
        at += 32;
        value.CopyTo(all[at..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(all[..(at + value.Length)], hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private static ReadOnlySpan<byte> ReadHeader(IHeaderDictionary headers, scoped in ReadyPlace place, Span<byte> room)
    {
        var found = headers[place.Header!];
        var text = found.Count > 0 ? found[0] : null;
        if (string.IsNullOrEmpty(text) && place.OtherSpelling is { } other)
        {
            found = headers[other];
            text = found.Count > 0 ? found[0] : null;
        }

        if (string.IsNullOrEmpty(text))
        {
            return default;
        }

        if (Encoding.UTF8.TryGetBytes(text, room, out var written))
        {
            return room[..written];
        }

        return room[..SHA256.HashData(Encoding.UTF8.GetBytes(text), room)];
    }

    private static ReadOnlySpan<byte> ReadValue(ReadOnlySpan<byte> body, Range range, Span<byte> room)
    {
        var raw = body[range];
        if (raw.Length > 1 && raw[0] == '"')
        {
            raw = raw[1..^1];
        }

        // An escape is never shorter than what it stands for.
        if (raw.Length > room.Length)
        {
            return room[..SHA256.HashData(raw, room)];
        }

        var length = 0;
        while (!raw.IsEmpty)
        {
            if (raw[0] == '\\')
            {
                length += JsonText.ReadEscape(ref raw).EncodeToUtf8(room[length..]);
                continue;
            }

            room[length++] = raw[0];
            raw = raw[1..];
        }

        return room[..length];
    }

    private static ReadOnlySpan<char> ModelOf(Exchange exchange, Span<char> scratch)
    {
        if (!exchange.Facts.HasModel)
        {
            return exchange.Model;
        }

        Span<byte> bytes = stackalloc byte[UsageRecord.ModelBytesMax];
        var model = exchange.Facts.ModelUtf8(exchange.Body.Span, bytes);
        return scratch[..Encoding.UTF8.GetChars(model, scratch)];
    }
}
