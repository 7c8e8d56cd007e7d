using TokenHub.Gateway.Forwarding.Failures;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Failures;

public sealed class ResetHeadersTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("7", 7.0)]
    [InlineData("0.5", 0.5)]
    [InlineData("6m0s", 360.0)]
    [InlineData("1h2m3.5s", 3723.5)]
    [InlineData("120ms", 0.12)]
    [InlineData("17.5s", 17.5)]
    [InlineData("2m59.56s", 179.56)]
    [InlineData("2026-11-21T12:02:00Z", 120.0)]
    [InlineData("2026-11-21T14:02:00+02:00", 120.0)]
    [InlineData("Sat, 21 Nov 2026 12:02:00 GMT", 120.0)]
    [InlineData("1795262520", 120.0)]
    [InlineData("1795262520000", 120.0)]
    public void Wait_is_read_in_every_form(string text, double seconds)
    {
        Assert.Equal(seconds, ResetHeaders.WaitOf(text, Now)!.Value.TotalSeconds, precision: 3);
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("NaN")]
    [InlineData("1e300")]
    [InlineData("6x")]
    [InlineData("2026-11-21T11:59:00Z")]
    [InlineData("1795262000")]
    [InlineData("2099-01-01T00:00:00Z")]
    public void Past_absurd_and_unreadable_is_no_wait(string text)
    {
        Assert.Null(ResetHeaders.WaitOf(text, Now));
    }

    [Theory]
    [InlineData("retry-after-ms: 1500; retry-after: 9", 1.5)]
    [InlineData("x-ms-retry-after-ms: 250", 0.25)]
    [InlineData("retry-after: 9; x-ratelimit-reset-requests: 1s", 9.0)]
    [InlineData("x-ratelimit-remaining-requests: 0; x-ratelimit-reset-requests: 6m0s; x-ratelimit-remaining-tokens: 800; x-ratelimit-reset-tokens: 2s", 360.0)]
    [InlineData("x-ratelimit-remaining-requests: 12; x-ratelimit-reset-requests: 6m0s; x-ratelimit-remaining-tokens: 800; x-ratelimit-reset-tokens: 2s", 2.0)]
    [InlineData("anthropic-ratelimit-requests-remaining: 9; anthropic-ratelimit-requests-reset: 2026-11-21T12:00:05Z; anthropic-ratelimit-input-tokens-remaining: 0; anthropic-ratelimit-input-tokens-reset: 2026-11-21T12:01:00Z", 60.0)]
    [InlineData("anthropic-ratelimit-unified-reset: 1795269600", 7200.0)]
    [InlineData("x-ratelimit-reset: 1795262430000", 30.0)]
    public void Limit_that_is_used_up_decides(string headers, double seconds)
    {
        var all = headers.Split("; ").Select(line => line.Split(": ", 2)).ToDictionary(parts => parts[0], parts => parts[1]);

        Assert.Equal(seconds, ResetHeaders.Read(name => all.GetValueOrDefault(name), Now)!.Value.TotalSeconds, precision: 3);
    }

    [Fact]
    public void Nothing_said_is_no_wait()
    {
        Assert.Null(ResetHeaders.Read(_ => null, Now));
    }
}
