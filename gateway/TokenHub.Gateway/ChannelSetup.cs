using TokenHub.Gateway.Routing;

namespace TokenHub.Gateway;

/// <summary>What the choice of channels stands on, built once by <see cref="GatewayHost"/>.</summary>
internal sealed class ChannelSetup(TimeProvider time)
{
    public ChannelLives Lives { get; } = new();

    public ChannelHealth Health { get; } = new(time);

    public ChannelPicker Picker => field ??= new ChannelPicker(Random.Shared, time.TimestampFrequency);

    public IAdmission Admission { get; } = new OpenAdmission();
}
