using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Routing;

namespace TokenHub.Gateway;

/// <summary>What the choice of channels stands on, built once by <see cref="GatewayHost"/>.</summary>
internal sealed class ChannelSetup(TimeProvider time)
{
    public ChannelLives Lives { get; } = new();

    public ChannelHealth Health { get; } = new(time);

    public CircuitBoard Circuits { get; } = new(time, Random.Shared);

    public OutputLengths Lengths { get; } = new();

    public ChannelPicker Picker => field ??= new ChannelPicker(Health, Random.Shared);

    public IAdmission Admission { get; } = new OpenAdmission();
}
