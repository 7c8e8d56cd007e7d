using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Planes;

/// <summary>
/// Makes the gateway known at start. Without its numbers it cannot name a request, so it waits for the control plane.
/// </summary>
public static class Registration
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <param name="waiting">Told the reason each time the control plane could not be reached.</param>
    public static async Task<GatewayIdentity> RegisterAsync(
        PlaneClient plane, string gatewayId, string version, Action<string> waiting, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                var welcome = await plane.RegisterAsync(new PlaneMessages.GatewayHello(gatewayId, version), cancel);
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
