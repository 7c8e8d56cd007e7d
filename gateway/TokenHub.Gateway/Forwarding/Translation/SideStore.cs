using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Chat;
using TokenHub.Redis;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>Something opaque, with the thought in words that it signs.</summary>
internal sealed record KeptItem(OpaqueItem Item, string Thought);

/// <summary>
/// Keeps in Redis what a client's protocol has no place for, under the client's key and the id of the call it belongs
/// to: bounded, for an hour, and never waited for longer than a moment. What is not there is simply not given back.
/// </summary>
internal sealed class SideStore(RedisClient redis, ILogger log)
{
    /// <summary>Largest value kept; a longer one is not.</summary>
    public const int ValueBytesMax = 32 << 10;

    // Calls of one request that are asked for: the last ones of its history.
    private const int CallsMax = 64;
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    /// <summary>Keeps what an answer brought, while it goes out.</summary>
    public void Keep(KeyEntry key, OpaqueCatch caught)
    {
        foreach (var (call, items) in caught.Kept())
        {
            var value = Write(items);
            if (call.Length > 0 && value.Length <= ValueBytesMax)
            {
                _ = KeepAsync(RedisKeys.Kept(key.Account, key.Id, call), value);
            }
        }
    }

    /// <summary>Puts back what belongs to the calls of a request, before each of them.</summary>
    public async ValueTask PutBackAsync(ChatRequest request, KeyEntry key, CancellationToken stop)
    {
        var calls = request.Turns.SelectMany(turn => turn.Parts.OfType<CallPart>().Select(call => (turn, call)))
            .Where(pair => pair.call.Id.Length > 0 && pair.call.Opaque is null).TakeLast(CallsMax).ToList();
        if (calls.Count == 0 || !redis.IsConnected)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(Patience);
        try
        {
            var names = calls.ConvertAll(pair => RedisKeys.Kept(key.Account, key.Id, pair.call.Id));
            var values = await redis.GetManyAsync(names, limit.Token);
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] is { } value)
                {
                    PutBack(calls[i].turn, calls[i].call, Read(value));
                }
            }
        }
        catch (Exception error) when (error is RedisUnavailableException
            || (error is OperationCanceledException && !stop.IsCancellationRequested))
        {
            GatewayLog.SideStoreAway(log, error.Message);
        }
    }

    private static void PutBack(ChatTurn turn, CallPart call, List<KeptItem> items)
    {
        var at = turn.Parts.IndexOf(call);
        foreach (var (item, thought) in items)
        {
            if (item.Kind == OpaqueKind.Call)
            {
                call.Opaque = item;
                continue;
            }

            // The client may have repeated the thought in words, without what signs it.
            var told = turn.Parts.FindIndex(0, at, part => part is ReasoningPart { Opaque: null });
            if (told >= 0)
            {
                turn.Parts.RemoveAt(told);
                at--;
            }

            turn.Parts.Insert(at++, new ReasoningPart(thought, item));
        }
    }

    private async Task KeepAsync(string name, ReadOnlyMemory<byte> value)
    {
        try
        {
            using var limit = new CancellationTokenSource(Patience * 8);
            await redis.SetAsync(name, value, Life, limit.Token);
        }
        catch (Exception error) when (error is RedisUnavailableException or OperationCanceledException)
        {
            GatewayLog.SideStoreAway(log, error.Message);
        }
    }

    // [[carrier, thought], ...]
    private static ReadOnlyMemory<byte> Write(List<KeptItem> items)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(bytes);
        json.WriteStartArray();
        foreach (var (item, thought) in items)
        {
            json.WriteStartArray();
            json.WriteStringValue(OpaqueCarrier.Write(item));
            json.WriteStringValue(thought);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.Flush();
        return bytes.WrittenMemory;
    }

    private static List<KeptItem> Read(ReadOnlyMemory<byte> value)
    {
        List<KeptItem> items = [];
        using var document = JsonDocument.Parse(value);
        foreach (var pair in document.RootElement.EnumerateArray())
        {
            if (OpaqueCarrier.TryRead(pair[0].GetString()!, out var item))
            {
                items.Add(new KeptItem(item, pair[1].GetString()!));
            }
        }

        return items;
    }
}
