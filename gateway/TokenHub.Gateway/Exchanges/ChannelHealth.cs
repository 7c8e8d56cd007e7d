namespace TokenHub.Gateway.Exchanges;

/// <summary>
/// Tells whether a channel rests after failures. It is passed over while another is left, and tried when none is, for a
/// local guess must not turn away a caller whom the upstream might serve.
/// </summary>
internal sealed class ChannelHealth(TimeProvider time)
{
    public bool IsCooling(UpstreamChannel channel) => channel.Live.RestsUntil > time.GetTimestamp();
}
