using System.Buffers;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Redis;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Tells Redis again what it may have lost: the holds of all requests that are open here, and every charge in the log
/// that the ledger has not confirmed. Each is known by its request id, so telling twice changes nothing, and it needs
/// no pause: what opens or ends meanwhile tells of itself.
/// </summary>
public sealed class Replay(InFlightTable table, LogFiles files, Till till)
{
    private const int TogetherMax = 128;

    /// <summary>False when Redis did not take all of it: then it has to be run again.</summary>
    /// <param name="wanted">Which shards to tell.</param>
    public async Task<bool> RunAsync(Func<int, bool> wanted, CancellationToken cancel)
    {
        try
        {
            return await ReholdAsync(wanted, cancel) && await SettleAsync(wanted, cancel);
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }

    /// <summary>Puts back the holds of what is open now.</summary>
    public async Task<bool> ReholdAsync(Func<int, bool> wanted, CancellationToken cancel)
    {
        var open = new List<InFlightSlot>();
        var requests = new List<OpenRequest>();
        foreach (var slot in table.OpenSlots())
        {
            if (slot.TryRead(out var request) && wanted(Shards.Of(request.Account)))
            {
                open.Add(slot);
                requests.Add(request with { Hold = slot.Counters.Hold });
            }
        }

        foreach (var chunk in requests.GroupBy(request => request.Account).Chunk(TogetherMax))
        {
            var answers = await Task.WhenAll(chunk.Select(account => till.ReholdAsync(
                account.Key, [.. account.Select(HoldOf)], cancel).AsTask()));
            if (answers.Any(added => added == (int)TillCode.StaleEpoch))
            {
                return false;
            }
        }

        // What has ended meanwhile is durable in the log; should its settlement have come first, this hold is too many.
        for (var i = 0; i < open.Count; i++)
        {
            var request = requests[i];
            if (!open[i].TryRead(out var now) || now.Rid != request.Rid)
            {
                await till.ReleaseAsync(request.Rid, request.Account, request.Key, cancel);
            }
        }

        return true;
    }

    public static Rehold HoldOf(OpenRequest request) => new(
        request.Rid, request.Key, request.Hold, HoldKeeper.HoldTtlMs, request.Rid.GatewayNo, request.Rid.BootNo);

    private async Task<bool> SettleAsync(Func<int, bool> wanted, CancellationToken cancel)
    {
        var cursor = new LogCursor(files);
        var batch = new ArrayBufferWriter<byte>(64 * 1024);
        cursor.SeekAfter(files.AckedLsn);
        while (true)
        {
            batch.ResetWrittenCount();
            await Task.Yield();
            if (cursor.Fill(batch) == 0)
            {
                return true;
            }

            foreach (var chunk in ReadBatch(batch.WrittenMemory, wanted).Chunk(TogetherMax))
            {
                var codes = await Task.WhenAll(chunk.Select(one => SettleAsync(one.Record, one.Payload, cancel)));
                if (codes.Contains(TillCode.StaleEpoch))
                {
                    return false;
                }
            }
        }
    }

    private static List<(UsageRecord Record, ReadOnlyMemory<byte> Payload)> ReadBatch(
        ReadOnlyMemory<byte> batch, Func<int, bool> wanted)
    {
        List<(UsageRecord, ReadOnlyMemory<byte>)> records = [];
        var rest = batch.Span;
        while (UsageBatch.TryTake(ref rest, out _, out var payload))
        {
            if (UsageRecordCodec.TryRead(payload, out var record) && wanted(Shards.Of(record.Account)))
            {
                records.Add((record, payload.ToArray()));
            }
        }

        return records;
    }

    private async Task<TillCode> SettleAsync(
        UsageRecord record, ReadOnlyMemory<byte> payload, CancellationToken cancel) =>
        (await till.SettleAsync(record.RequestId, record.Account, record.Key, record.Cost, payload, cancel)).Code;
}
