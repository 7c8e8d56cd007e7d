using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Routing;

public sealed class ChannelHealthTests
{
    private readonly TestClock _clock = new();
    private readonly ChannelHealth _health;

    public ChannelHealthTests() => _health = new ChannelHealth(_clock);

    [Fact]
    public void Cooldown_doubles_with_each_failure_and_success_ends_it()
    {
        var channel = new UpstreamChannel(Entries.Channel(1), Entries.Box);
        _health.ReportFailure(channel, AttemptFault.ConnectFailed, 0, null);
        _health.ReportFailure(channel, AttemptFault.ConnectFailed, 0, null);
        _health.ReportFailure(channel, AttemptFault.ConnectFailed, 0, null);
        _clock.Advance(TimeSpan.FromSeconds(3.9));
        Assert.True(_health.IsCooling(channel));
        Assert.True(channel.Live.RestsUntil > _clock.GetTimestamp());

        _health.ReportSuccess(channel);
        Assert.False(_health.IsCooling(channel));
        Assert.Equal(0, channel.Live.RestsUntil);
    }

    [Fact]
    public void Changed_credential_ends_a_cooldown()
    {
        var old = new UpstreamChannel(Entries.Channel(1), Entries.Box);
        _health.ReportFailure(old, AttemptFault.UpstreamStatus, 401, null);

        Assert.True(_health.IsCooling(old));
        Assert.False(_health.IsCooling(new UpstreamChannel(Entries.Channel(1, secret: "sk-new-one"), Entries.Box)));
    }
}
