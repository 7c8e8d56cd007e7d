using System.Globalization;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Faults.Machines;

/// <summary>
/// The clocks of a gateway and of PostgreSQL jump by a second, an hour and a day, forwards and backwards. A stream that
/// runs meanwhile is not reaped, and keeps its hold. Redis' own allocator cannot start under libfaketime, so Redis is
/// stopped for a moment instead: to everybody else its clock has then stood still.
/// </summary>
internal sealed class F30ClockJumps : IFault
{
    private static readonly string[] Libraries =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];

    private static readonly string[] Jumps = ["+1", "-1", "+3600", "-3600", "+86400", "-86400"];

    public string Id => "F30";

    public string Says => "clock jumps at gateway, Redis and PostgreSQL";

    public bool NeedsOwnRig => true;

    public int Clients => 6;

    public async Task PlayAsync(Trial trial)
    {
        var library = Libraries.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException("libfaketime is not installed; tests/prerequisites does it.");
        var folder = Directory.CreateTempSubdirectory("tokenhub-chaos-clock-");
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
        try
        {
            var clocks = new[] { "gateway", "postgres" }.Select(name => Path.Combine(folder.FullName, name)).ToArray();
            Array.ForEach(clocks, clock => Set(clock, "+0"));
            await RestartOnAsync(trial.Rig, library, clocks);
            foreach (var clock in clocks)
            {
                foreach (var jump in Jumps)
                {
                    await JumpAsync(trial, clock, jump);
                }
            }

            await StandStillAsync(trial);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task JumpAsync(Trial trial, string clock, string jump)
    {
        var stream = trial.ServedCallAsync(0, errand =>
        {
            trial.Rig.Upstream.Plan(errand.Model, new Chaos.Upstreams.UpstreamPlan(20, trial.Pick(60, 2000)));
            return errand with { IsStream = true };
        });
        await trial.PauseAsync(300);
        Set(clock, jump);
        var receipt = await stream;
        trial.Expect(
            receipt.IsWhole, $"a stream that ran while {Path.GetFileName(clock)} jumped by {jump} s ended as {receipt.Status} "
            + $"{receipt.Fault} {receipt.Tail}");
        Set(clock, "+0");
        await trial.PauseAsync(200);
    }

    private static async Task StandStillAsync(Trial trial)
    {
        for (var round = 0; round < 2; round++)
        {
            trial.Rig.Store.Signal(19);
            await trial.PauseAsync(trial.Pick(1500, 20_000));
            trial.Rig.Store.Signal(18);
            await trial.PauseAsync(1000);
        }
    }

    private static async Task RestartOnAsync(Rig rig, string library, string[] clocks)
    {
        var gateway = rig.Gateways[0];
        await gateway.StopAsync(TimeSpan.FromSeconds(40));
        Fill(gateway.Extra, library, clocks[0]);
        await gateway.StartAsync();
        Fill(rig.Database.Variables, library, clocks[1]);
        await rig.Database.StopAtOnceAsync();
        await rig.Database.StartAgainAsync();
    }

    private static void Fill(Dictionary<string, string> variables, string library, string clock)
    {
        variables["LD_PRELOAD"] = library;
        variables["FAKETIME_TIMESTAMP_FILE"] = clock;
        variables["FAKETIME_NO_CACHE"] = "1";

        // A machine's monotonic clock does not jump with the other one.
        variables["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        variables["DONT_FAKE_MONOTONIC"] = "1";
    }

    private static void Set(string clock, string offset)
    {
        var next = clock + ".next";
        File.WriteAllText(next, string.Create(CultureInfo.InvariantCulture, $"{offset}\n"));
        File.Move(next, clock, overwrite: true);
    }
}
