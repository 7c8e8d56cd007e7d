using Xunit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>
/// One gateway for all tests of a class that do not break it, with an upstream for each dialect's model <c>m</c>.
/// </summary>
public sealed class SharedRig : IAsyncLifetime
{
    internal GatewayRig Rig { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Rig = await GatewayRig.StartAsync(options => options with
    {
        BodyBytesMax = 1 << 20,
        AllowPrivateMedia = true,
        ConnectTimeout = TimeSpan.FromMilliseconds(500),
        FirstByteTimeout = TimeSpan.FromMilliseconds(400),
        UnstreamedTimeout = TimeSpan.FromMilliseconds(400),
        IdleTimeout = TimeSpan.FromMilliseconds(400),
    });

    public ValueTask DisposeAsync() => Rig.DisposeAsync();
}
