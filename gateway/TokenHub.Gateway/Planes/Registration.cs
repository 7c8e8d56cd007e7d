using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Planes;

/// <summary>
/// Gives the gateway its numbers at start. On its very first one it waits for the control plane. Later it takes the
/// boot after the last on its disk, tells the control plane if that is there, and starts in either case.
/// </summary>
internal static class Registration
{
    private const int Conflict = 409;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <param name="waiting">Told the reason each time the control plane could not be reached.</param>
    public static async Task<GatewayIdentity> RegisterAsync(
        PlaneClient plane, IdentityFile file, string gatewayId, string version, Action<string> waiting,
        CancellationToken cancel)
    {
        if (file.Read(gatewayId) is { } kept && kept.BootNo < RequestId.BootNoMax)
        {
            var next = kept with { BootNo = kept.BootNo + 1 };
            var identity = new GatewayIdentity(next.GatewayNo, next.BootNo);
            file.Write(next);
            try
            {
                await AnnounceAsync(plane, identity, gatewayId, version, cancel);
                return identity;
            }
            catch (PlaneUnavailableException error) when (error.Status != Conflict)
            {
                waiting(error.Message);
                return identity;
            }
            catch (PlaneUnavailableException)
            {
                // The disk is older than what was given out, or the database another one: new numbers are asked for.
            }
        }

        return await AskAsync(plane, file, gatewayId, version, waiting, cancel);
    }

    /// <summary>
    /// Tells the control plane of numbers taken without it. Status 409 says that a later boot has them.
    /// </summary>
    public static Task AnnounceAsync(
        PlaneClient plane, GatewayIdentity identity, string gatewayId, string version, CancellationToken cancel) =>
        plane.RegisterAsync(
            new PlaneMessages.GatewayHello(gatewayId, version, identity.GatewayNo, identity.BootNo), cancel);

    private static async Task<GatewayIdentity> AskAsync(
        PlaneClient plane, IdentityFile file, string gatewayId, string version, Action<string> waiting,
        CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                var welcome = await plane.RegisterAsync(new PlaneMessages.GatewayHello(gatewayId, version), cancel);
                file.Write(new KeptIdentity(gatewayId, welcome.GatewayNo, welcome.BootNo));
                return new GatewayIdentity(welcome.GatewayNo, welcome.BootNo);
            }
            catch (PlaneUnavailableException error)
            {
                waiting(error.Message);
                await Task.Delay(Pause, cancel);
            }
        }
    }
}
