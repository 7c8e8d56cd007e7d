using System.Diagnostics;
using TokenHub.Standalone.Demo;
using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Servers;
using TokenHub.Standalone.Site;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone;

/// <summary>Starts the parts in order, tells when all of them serve, and stops them in the opposite order.</summary>
public sealed class StandaloneApplication(StandaloneOptions options)
{
    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(60);

    // The gateway's streams have 30 s, then each part its own few; of the time that is left for all of them together
    // a part may take more, where it asks for it.
    private static readonly TimeSpan GatewayStopWithin = TimeSpan.FromSeconds(33);
    private static readonly TimeSpan AllStopWithin = TimeSpan.FromSeconds(39);

    // A first build takes longer than all else of a first start: it goes on behind it.
    private static readonly TimeSpan ConsoleWithin = TimeSpan.FromSeconds(2);

    private readonly List<ManagedProcess> _running = [];

    public async Task<int> RunAsync(CancellationToken stop)
    {
        using var folder = DataFolder.Open(options.DataFolder);
        var record = new RunRecord(folder.Sub("running"));
        var left = await record.CleanAsync();
        if (left.Count > 0)
        {
            Tell($"stopped what an earlier run left behind: {string.Join(", ", left)}");
        }

        PortCheck.EnsureFree(options.GatewayBind, "TOKENHUB_GATEWAY_BIND");
        PortCheck.EnsureFree(options.ConsoleBind, "TOKENHUB_CONSOLE_BIND");
        var secrets = Secrets.Load(folder, out var isFirstStart);
        folder.EnsureSub("logs");
        var console = new ConsoleBuild(Layout.Web, Tell).RunAsync(stop);
        try
        {
            await StartAllAsync(folder, record, secrets, isFirstStart, console, stop);
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The ordinary end.
        }
        finally
        {
            await StopAllAsync();
            await console.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Tell("stopped");
        return 0;
    }

    private async Task StartAllAsync(
        DataFolder folder,
        RunRecord record,
        Secrets secrets,
        bool isFirstStart,
        Task console,
        CancellationToken stop)
    {
        var databaseUrl = options.DatabaseUrl;
        if (databaseUrl is null)
        {
            var bin = await PostgresBinaries.FindAsync(folder, Tell, stop);
            var postgres = new PrivatePostgres(folder, secrets, bin);
            await postgres.InitializeAsync(stop);
            databaseUrl = postgres.Url;
            await StartAsync(folder, record, postgres.Server(), postgres.IsReadyAsync, stop);
        }

        var redisUrl = options.RedisUrl;
        if (redisUrl is null)
        {
            var redis = await PrivateRedis.PrepareAsync(folder, secrets, Tell, stop);
            redisUrl = redis.Url;
            await StartAsync(folder, record, redis.Server(), redis.IsReadyAsync, stop);
        }

        var planes = new PlaneProcesses(options, folder, secrets, databaseUrl, redisUrl);
        await StartAsync(folder, record, planes.ControlPlane(), Ready.AtAsync(options.ConsoleUrl), stop);

        // Before the gateway, so that what it fetches first has the demo's channels as they are in this run.
        var call = options.IsDemo ? await StartDemoAsync(folder, record, secrets, stop) : null;
        var gateway = planes.Gateway() with { StopWithin = GatewayStopWithin };
        await StartAsync(folder, record, gateway, Ready.AtAsync(options.GatewayUrl), stop);
        if (isFirstStart && options.AdminPassword is null)
        {
            var email = options.AdminEmail ?? PlaneProcesses.DefaultAdminEmail;
            Tell($"first sign-in email={email} password={secrets.AdminPassword}");
        }

        await WaitForConsoleAsync(console, stop);
        Tell($"ready gateway={options.GatewayUrl} console={options.ConsoleUrl}");
        if (call is not null)
        {
            Tell(call);
        }
    }

    private static async Task WaitForConsoleAsync(Task console, CancellationToken stop)
    {
        try
        {
            await console.WaitAsync(ConsoleWithin, stop);
        }
        catch (TimeoutException)
        {
            Tell("the console is still being built; its pages appear by themselves");
        }
    }

    private async Task<string> StartDemoAsync(
        DataFolder folder, RunRecord record, Secrets secrets, CancellationToken stop)
    {
        var port = PortCheck.FreeLoopback();
        var isReady = Ready.AtAsync($"http://127.0.0.1:{port}", "/healthz");
        await StartAsync(folder, record, PlaneProcesses.DemoUpstream(port), isReady, stop);
        return await new DemoSetup(options, folder, secrets).RunAsync(port, stop);
    }

    private async Task StartAsync(
        DataFolder folder,
        RunRecord record,
        ProcessSpec spec,
        Func<CancellationToken, Task<bool>> isReady,
        CancellationToken stop)
    {
        var log = folder.Sub("logs", spec.Name + ".log");
        var process = new ManagedProcess(spec, new ProcessLog(log), record);
        _running.Add(process);
        process.Start();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(ReadyWithin);
        try
        {
            while (!await isReady(limit.Token))
            {
                if (process.FinalExitCode is not null)
                {
                    throw new StartRefusedException($"{spec.Name} refused to start:\n{process.RecentOutput}");
                }

                await Task.Delay(50, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new StartRefusedException(
                $"{spec.Name} was not ready within {ReadyWithin.TotalSeconds:0} s; its log is {log}. "
                + $"It said last:\n{process.RecentOutput}");
        }
    }

    private async Task StopAllAsync()
    {
        var clock = Stopwatch.StartNew();
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            // The demo's upstream serves the gateway's last streams, so it goes after the gateway.
            var next = _running.Find(p => p.Name == "gateway") ?? _running[^1];
            await StopOneAsync(next, AllStopWithin - clock.Elapsed);
        }
    }

    private async Task StopOneAsync(ManagedProcess process, TimeSpan left)
    {
        _running.Remove(process);
        await process.StopAsync(left);
        process.Dispose();
    }

    private static void Tell(string line) => Console.Out.WriteLine(line);
}
