using System.Diagnostics;
using System.Globalization;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Planes;
using TokenHub.Gateway.Settlement;
using TokenHub.Gateway.Settlement.Log;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.Bench.Settling;

/// <summary>
/// The gateway's own settler, with one stage more each time: log; then also the call to a real Redis; then also batches
/// to a control plane. Both servers are other processes: only the gateway's side counts.
/// </summary>
internal sealed class SettleStages : IDisposable
{
    // From this rate on; below it fewer share a sync and a waking, and all of them together may take so much of a core
    // in a second.
    private const double GoalUs = 20;
    private const int GoalRate = 5000;
    private const double GoalCoreMs = 50;
    private const int Trials = 3;
    private const long SegmentBytes = 64 << 20;
    private static readonly int[] Rates = [0, 5000, 1000, 500];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenhub-settle-");
    private readonly CancellationTokenSource _stop = new();
    private readonly InFlightTable _table;
    private readonly LogFiles _files;
    private readonly RedisSettlement _redis;
    private readonly UsageShipper _shipper;
    private readonly Settler _settler;
    private readonly PlaneClient? _plane;

    private SettleStages(RedisClient? redis, Uri? plane)
    {
        _table = InFlightTable.Open(_folder.FullName, (_, _) => { });
        _files = LogFiles.Open(_folder.FullName, SegmentBytes, UsageRecordCodec.BytesMax, (_, _) => { });
        _plane = new PlaneClient(plane ?? new Uri("http://127.0.0.1:1"), "") { Identity = new GatewayIdentity(1, 1) };
        (_redis, _shipper) = (new RedisSettlement(_files), new UsageShipper(_files, _plane));
        _settler = new Settler(_folder.FullName, SegmentBytes * 16, _files, _table, _redis, _shipper);
        if (redis is not null)
        {
            _ = Task.Run(() => _redis.RunAsync(new Till(redis.Runner), _stop.Token));
        }

        if (plane is not null)
        {
            _ = Task.Run(() => _shipper.RunAsync(_stop.Token));
        }

        (HasRedis, HasPlane) = (redis is not null, plane is not null);
    }

    private bool HasRedis { get; }

    private bool HasPlane { get; }

    /// <summary>False when a settlement with all its stages takes more than the goal at any rate.</summary>
    public static async Task<bool> RunAsync(TextWriter output)
    {
        if (!RedisServer.IsInstalled)
        {
            output.WriteLine("No redis-server on the PATH: what its call and the ledger's batch cost is not shown.");
            return true;
        }

        await using var redis = await RedisServer.StartAsync();
        await using var client = await RedisClient.ConnectAsync(RedisOptions.Parse(redis.Url), default);
        var port = FreePort.Next();
        using var plane = Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, [StubPlane.Command, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        await plane.StandardOutput.ReadLineAsync();
        var address = new Uri($"http://127.0.0.1:{port}");
        Measure(client, address, 20_000, 0);
        var isWithin = true;
        output.WriteLine("CPU us each:        log    + call to Redis   + batches to the ledger");
        foreach (var rate in Rates)
        {
            var count = rate == 0 ? 20_000 : rate * 4;
            var log = Median(() => Measure(null, null, count, rate));
            var both = Median(() => Measure(client, null, count, rate));
            var all = Median(() => Measure(client, address, count, rate));
            isWithin &= all <= (rate is 0 or >= GoalRate ? GoalUs : GoalCoreMs * 1000 / rate);
            var name = rate == 0 ? "full speed" : $"{rate}/s";
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{name,12} {log,10:0.0} {both,18:0.0} {all,25:0.0}"));
        }

        plane.StandardInput.Close();
        await plane.WaitForExitAsync();
        return isWithin;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _settler.Dispose();
        _table.Dispose();
        _plane?.Dispose();
        _folder.Delete(recursive: true);
        _stop.Dispose();
    }

    private static double Median(Func<double> measure) =>
        Enumerable.Range(0, Trials).Select(_ => measure()).Order().ElementAt(Trials / 2);

    private static double Measure(RedisClient? redis, Uri? plane, int count, int rate)
    {
        using var stages = new SettleStages(redis, plane);
        return stages.Measure(count, rate);
    }

    private double Measure(int count, int rate)
    {
        // Ids of a boot of their own: Redis keeps what was settled before.
        var source = new RequestIdSource(1, Random.Shared.Next(1, 60_000));
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = new PaceClock(rate);
        for (var i = 0; i < count; i++)
        {
            clock.Wait(i);
            var rid = source.Next(1_760_000_000_000);
            _table.TryOpen(Samples.Open(rid), out var slot);
            _settler.Close(slot, Samples.Record(rid));
        }

        while (_files.DurableLsn < count || (HasRedis && _redis.PendingCount > 0)
            || (HasPlane && _files.AckedLsn < count))
        {
            Thread.Sleep(1);
        }

        return (Process.GetCurrentProcess().TotalProcessorTime - before - clock.PacingCpu).TotalMicroseconds / count;
    }
}
