using Xunit;

namespace TokenHub.Gateway.Tests.Rig;

/// <summary>
/// One gateway for all tests of a class that do not break it, with an upstream for each dialect's model <c>m</c>.
/// </summary>
public class SharedRig : IAsyncLifetime
{
    internal GatewayRig Rig { get; private set; } = null!;

    /// <summary>Longest wait for an upstream, of each kind: answers that shall come have the time to.</summary>
    protected virtual TimeSpan UpstreamPatience => TimeSpan.FromSeconds(10);

    public async ValueTask InitializeAsync() => Rig = await GatewayRig.StartAsync(options => options with
    {
        BodyBytesMax = 1 << 20,
        AllowPrivateMedia = true,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        FirstByteTimeout = UpstreamPatience,
        UnstreamedTimeout = UpstreamPatience,
        IdleTimeout = UpstreamPatience,
    });

    public async ValueTask DisposeAsync()
    {
        await Rig.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>The same with little patience, for calls that are to end by a time-out.</summary>
public sealed class HastyRig : SharedRig
{
    protected override TimeSpan UpstreamPatience => TimeSpan.FromMilliseconds(800);
}
