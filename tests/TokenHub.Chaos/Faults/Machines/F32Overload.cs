using System.Globalization;
using TokenHub.Chaos.Rigs;

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
        var gateway = trial.Rig.Gateways[0];
        await Trial.AloneAsync(gateway.Gate, () => RestartAsync(gateway, DescriptorsMax));
        var few = await ServedAsync(trial, seconds);
        trial.Expect(gateway.IsRunning, "the gateway died of too few file descriptors");
        trial.Expect(few > 0, "nothing is served with few file descriptors");
        await Trial.AloneAsync(gateway.Gate, () => RestartAsync(gateway, 0));
    }

    private static async Task RestartAsync(Plane gateway, int descriptors)
    {
        await gateway.KillAsync();
        gateway.DescriptorsMax = descriptors;
        await gateway.StartAsync();
    }

    private static async Task<int> ServedAsync(Trial trial, int milliseconds)
    {
        var before = trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole);
        await trial.PauseAsync(milliseconds);
        return trial.Rig.Swarm.Receipts.Count(receipt => receipt.IsWhole) - before;
    }
}
