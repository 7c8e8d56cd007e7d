using System.Diagnostics;
using System.Globalization;

namespace TokenHub.Chaos.Faults.Machines;

/// <summary>
/// Far more clients than can be served, then too few file descriptors: what is not served is refused in order, what is
/// served is most of what could be, and nothing leaks.
/// </summary>
internal sealed class F32Overload : IFault
{
    private const int DescriptorsMax = 260;

    public string Id => "F32";

    public string Says => "overload ten times, and no file descriptors left";

    public async Task PlayAsync(Trial trial)
    {
        var seconds = trial.Pick(4000, 30_000);
        var normal = await ServedAsync(trial, seconds);
        trial.Rig.Swarm.Start(100);
        var over = await ServedAsync(trial, seconds);
        trial.Note(string.Create(CultureInfo.InvariantCulture, $"{normal} served with 10 clients, {over} with 110"));
        trial.Expect(over >= normal * 8 / 10, $"overload serves {over} where {normal} were served without");
        var usual = DescriptorsOf(trial.Rig.Gateways[0].ProcessId);
        LimitDescriptors(trial.Rig.Gateways[0].ProcessId, DescriptorsMax);
        await trial.PauseAsync(seconds / 2);
        LimitDescriptors(trial.Rig.Gateways[0].ProcessId, usual);
        trial.Expect(trial.Rig.Gateways[0].IsRunning, "the gateway died of too few file descriptors");
    }

    private static async Task<int> ServedAsync(Trial trial, int milliseconds)
    {
        var before = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole);
        await trial.PauseAsync(milliseconds);
        return trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole) - before;
    }

    // "Max open files   1024   524288   files"
    private static int DescriptorsOf(int process) => int.Parse(
        File.ReadAllLines($"/proc/{process}/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3],
        CultureInfo.InvariantCulture);

    private static void LimitDescriptors(int process, int most)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{process}", $"--nofile={most}:"]);
        limit.WaitForExit();
    }
}
