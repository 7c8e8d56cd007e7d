using System.Globalization;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Reservation;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

[Trait("needs", "redis")]
[Trait("row", "B07")]
public sealed class RateHeaderTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [InlineData("chat")]
    [InlineData("responses")]
    public async Task OpenAi_clients_are_told_the_tightest_limit_of_key_and_user(string dialect)
    {
        var caller = await _rig.AddCallerAsync(change: key => key with
        {
            Rpm = 60, UserRpm = 10, Tpm = 100_000, UserTpm = 1_000_000,
        });

        using var response = await CallAsync(caller, dialect);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("10", response.Header("x-ratelimit-limit-requests"));
        Assert.Equal("9", response.Header("x-ratelimit-remaining-requests"));
        Assert.Equal("6s", response.Header("x-ratelimit-reset-requests"));
        Assert.Equal("100000", response.Header("x-ratelimit-limit-tokens"));
        Assert.InRange(Number(response, "x-ratelimit-remaining-tokens"), 90_000, 99_999);
        Assert.Matches(@"^\d+(\.\d+)?m?s$", response.Header("x-ratelimit-reset-tokens"));
        Assert.Null(response.Header("anthropic-ratelimit-requests-limit"));
        Assert.Null(response.Header("retry-after-ms"));
    }

    [Fact]
    public async Task Anthropic_clients_are_told_in_their_words()
    {
        var caller = await _rig.AddCallerAsync(change: key => key with { Rpm = 60, UserTpm = 50_000 });
        var now = DateTimeOffset.UtcNow;

        using var response = await CallAsync(caller, "messages");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("60", response.Header("anthropic-ratelimit-requests-limit"));
        Assert.Equal("59", response.Header("anthropic-ratelimit-requests-remaining"));
        Assert.Equal("50000", response.Header("anthropic-ratelimit-tokens-limit"));
        var reset = DateTimeOffset.ParseExact(
            response.Header("anthropic-ratelimit-requests-reset")!, "yyyy-MM-dd'T'HH:mm:ss'Z'",
            CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        Assert.InRange(reset, now, now.AddSeconds(10));
        Assert.Null(response.Header("x-ratelimit-limit-requests"));
    }

    [Theory]
    [InlineData("chat")]
    [InlineData("messages")]
    [InlineData("gemini")]
    public async Task Without_limits_nothing_is_said_and_gemini_is_told_nothing_at_all(string dialect)
    {
        var caller = await _rig.AddCallerAsync(
            change: key => dialect == "gemini" ? key with { Rpm = 5, UserTpm = 100_000 } : key);

        using var response = await CallAsync(caller, dialect);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.DoesNotContain(
            response.Headers, header => header.Key.Contains("ratelimit", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("chat", "x-ratelimit-remaining-requests")]
    [InlineData("messages", "anthropic-ratelimit-requests-remaining")]
    public async Task Refused_one_is_told_when_to_come_again_to_the_millisecond(string dialect, string remaining)
    {
        var caller = await _rig.AddCallerAsync(change: key => key with { UserRpm = 1 });
        using var first = await CallAsync(caller, dialect);

        using var second = await CallAsync(caller, dialect);

        Assert.Equal((200, 429), ((int)first.StatusCode, (int)second.StatusCode));
        Assert.Equal("0", second.Header(remaining));
        var ms = Number(second, "retry-after-ms");
        Assert.InRange(ms, 50_000, 60_000);
        Assert.Equal((ms + 999) / 1000, Number(second, "retry-after"));
    }

    [Fact]
    public async Task Tokens_that_an_answer_did_not_use_are_there_for_the_next()
    {
        // The hold reckons with 2,048 tokens of output where the caller says nothing; the answer has 18 in all. What
        // the ledger has had before Redis stays taken: that may happen to one call or two, not to ten.
        var caller = await _rig.AddCallerAsync(change: key => key with { Tpm = 8_000 });
        for (var i = 0; i < 10; i++)
        {
            using var response = await CallAsync(caller, "chat");
            var body = await response.Content.ReadAsStringAsync();
            Assert.True(200 == (int)response.StatusCode, $"{i}: {response} {body}");
            await _rig.AssertNothingHeldAsync(caller.Account);
        }
    }

    [Fact]
    public async Task All_users_of_a_group_share_its_rates_and_what_was_not_held_for_comes_back()
    {
        var limits = new GroupLimits(new GroupRates(_rig.Host.Redis.Runner));
        var group = new GroupEntry { Name = $"group-{Guid.NewGuid():n}", Rpm = 2 };
        var (first, second, third) = (Id(), Id(), Id());

        Assert.Equal(TillCode.Ok, (await limits.TakeAsync(group, first, 10)).Code);
        Assert.Equal(TillCode.Ok, (await limits.TakeAsync(group, second, 10)).Code);
        var refused = await limits.TakeAsync(group, third, 10);
        Assert.Equal(TillCode.Rate, refused.Code);
        Assert.InRange(refused.RetryAfterMs, 20_000, 30_000);

        limits.PutRight(group, first, counts: false, 0);
        await Probe.UntilAsync(
            async () => (await limits.TakeAsync(group, third, 10)).Code == TillCode.Ok,
            TimeSpan.FromSeconds(5), "the first is given back");
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(1, "1ms")]
    [InlineData(12_000, "12ms")]
    [InlineData(999_001, "1s")]
    [InlineData(1_500_000, "1.5s")]
    [InlineData(59_999_000, "59.999s")]
    [InlineData(60_000_000, "1m0s")]
    public void Lengths_of_time_are_written_as_OpenAI_writes_them(int us, string text) =>
        Assert.Equal(text, RateHeaders.Duration(us));

    [Theory]
    [InlineData(60, 0, 60)]
    [InlineData(60, 1_000_000, 59)]
    [InlineData(60, 1_000_001, 58)]
    [InlineData(60, 60_000_000, 0)]
    [InlineData(1_000_000_000, 30_000_000, 500_000_000)]
    public void What_is_left_is_rounded_down(int limit, int aheadUs, int left) =>
        Assert.Equal(left, RateHeaders.Reading.Of(limit, aheadUs).Remaining);

    private static Core.Requests.RequestId Id() => new((ulong)Random.Shared.NextInt64(), 1);

    private static int Number(HttpResponseMessage response, string header) =>
        int.Parse(response.Header(header)!, CultureInfo.InvariantCulture);

    private async Task<HttpResponseMessage> CallAsync(GatewayRig.Caller caller, string dialect)
    {
        var model = $"rates-{Interlocked.Increment(ref _models)}";
        var upstream = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer(dialect));
        return await caller.PostAsync(
            Dialects.Path(dialect, model: model),
            Dialects.Body(dialect).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal));
    }
}
