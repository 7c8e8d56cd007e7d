using Microsoft.Extensions.Logging;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway;

/// <summary>
/// Opens the log and the in-flight table and closes what a former process left open in it, before anything is served.
/// </summary>
internal sealed class SettlementStart
{
    private static readonly TimeSpan DurableWithin = TimeSpan.FromSeconds(30);

    private SettlementStart(
        InFlightTable table, LogFiles files, Settler settler, RedisSettlement redis, UsageShipper shipper)
    {
        (Table, Files, Settler, Redis, Shipper) = (table, files, settler, redis, shipper);
    }

    public InFlightTable Table { get; }

    public LogFiles Files { get; }

    public Settler Settler { get; }

    public RedisSettlement Redis { get; }

    public UsageShipper Shipper { get; }

    public static async Task<SettlementStart> OpenAsync(
        GatewayOptions options, PlaneClient plane, ILogger log, CancellationToken cancel)
    {
        List<(OpenRequest, InFlightCounters)> leftOpen = [];
        List<PastAttempt> past = [];
        HashSet<RequestId> inLog = [];
        Directory.CreateDirectory(options.WalDir);
        var table = InFlightTable.Open(
            options.WalDir, (open, counters) => leftOpen.Add((open, counters)), past.Add);
        var segmentBytes = DiskGuard.SegmentBytesFor(options.LogBytesMax, options.Disk.FreeBytes(options.WalDir));
        var files = LogFiles.Open(options.WalDir, segmentBytes, UsageRecordCodec.BytesMax, (_, payload) =>
        {
            if (UsageRecordCodec.TryRead(payload, out var record))
            {
                inLog.Add(record.RequestId);
            }
        }, options.Disk);
        var redis = new RedisSettlement(files);
        var shipper = new UsageShipper(files, plane);
        var settler = new Settler(options.WalDir, options.LogBytesMax, files, table, redis, shipper);
        var recovered = Recovery.RecordsOf(leftOpen, inLog, past);
        var last = files.LastLsn + recovered.Count;
        foreach (var record in recovered)
        {
            settler.CloseRecovered(record);
        }

        // The table forgets them only when the log has them for good.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(DurableWithin);
        while (files.DurableLsn < last)
        {
            await Task.Delay(5, limit.Token);
        }

        table.Clear();
        if (recovered.Count > 0)
        {
            GatewayLog.Recovered(log, recovered.Count);
        }

        return new SettlementStart(table, files, settler, redis, shipper);
    }
}
