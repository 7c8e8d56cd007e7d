using System.Diagnostics;
using System.Globalization;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Settlement.Log;

namespace TokenHub.Bench.Settling;

/// <summary>
/// Processor time of this whole process for one settlement: slot opened, record encoded, queued, framed, synced with
/// its group, slot freed. At several rates, because the share of a group commit is what changes.
/// </summary>
internal static class SettleCost
{
    private const long SegmentBytes = 64 << 20;
    private const int Settlements = 20_000;
    private static readonly int[] Rates = [0, 5000, 1000, 500];

    public static void Run(TextWriter output)
    {
        output.WriteLine("settlements/s     CPU us each   records/group   bytes allocated each");
        Measure(Settlements, rate: 0);
        foreach (var rate in Rates)
        {
            var count = rate == 0 ? Settlements : Math.Min(Settlements, rate * 4);
            var (reached, cpu, perGroup, bytes) = Measure(count, rate);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{reached,13:0} {cpu,15:0.0} {perGroup,15:0.0} {bytes,22:0}"));
        }
    }

    private static (double Reached, double Cpu, double PerGroup, double Bytes) Measure(int count, int rate)
    {
        var folder = Directory.CreateTempSubdirectory("tokenhub-settle-");
        var done = 0;
        var groups = 0;
        using (var table = InFlightTable.Open(Path.Combine(folder.FullName, "table"), (_, _) => { }))
        using (var files = LogFiles.Open(folder.FullName, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { }))
        using (var log = new WriteAheadLog(files, group =>
        {
            foreach (var record in group)
            {
                table.Release(record.Slot!);
            }

            groups++;
            Volatile.Write(ref done, done + group.Count);
        }))
        {
            log.Start();
            var source = new RequestIdSource(1, 1);
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var bytes = GC.GetTotalAllocatedBytes();
            var clock = new PaceClock(rate);
            for (var i = 0; i < count; i++)
            {
                clock.Wait(i);
                var rid = source.Next(1_760_000_000_000);
                // The table has more slots than there are settlements here.
                table.TryOpen(Samples.Open(rid), out var slot);
                log.Append(PendingRecord.Of(Samples.Record(rid), slot));
            }

            while (Volatile.Read(ref done) < count && log.Failure is null)
            {
                Thread.Sleep(1);
            }

            var seconds = clock.Elapsed.TotalSeconds;
            var cpu = Process.GetCurrentProcess().TotalProcessorTime - before - clock.PacingCpu;
            bytes = GC.GetTotalAllocatedBytes() - bytes;
            folder.Delete(recursive: true);
            return (count / seconds, cpu.TotalMicroseconds / count, (double)count / groups, (double)bytes / count);
        }
    }
}
