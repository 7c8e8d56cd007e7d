using System.Diagnostics;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Attempts;

/// <summary>When a request moves on to another channel, how often, and for how long.</summary>
[Trait("needs", "redis")]
public sealed class AttemptLoopTests : IAsyncLifetime
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(1200);
    private readonly List<ScriptedUpstream> _upstreams = [];
    private GatewayRig _rig = null!;
    private WatchedAdmission _admission = null!;
    private GatewayRig.Caller _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await GatewayRig.StartAsync(o => o with
        {
            FirstByteTimeout = Timeout,
            Admission = inner => _admission = new WatchedAdmission(inner),
        });
        _caller = await _rig.AddCallerAsync();
    }

    public async ValueTask DisposeAsync() => await _rig.DisposeAsync();

    public static TheoryData<string> NoContent => new(
        ": keep-alive\n\n: keep-alive\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        Wire.ChatChunk("""{"role":"assistant","content":""}"""),
        Wire.ChatChunk("""{"content":" \n\t "}"""),
        Wire.ChatUsage(11, 0),
        Wire.ChatFinish,
        "data: [DONE]\n\n",
        Wire.ChatFinish + "data: [DONE]\n\n");

    [Theory]
    [MemberData(nameof(NoContent))]
    [Trait("row", "A24")]
    [Trait("row", "A25")]
    public async Task What_is_no_content_reaches_nobody_and_another_channel_serves(string frames)
    {
        await AddAsync(2);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(frames).Close();

        using var response = await PostAsync();

        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(Good.Replace(Wire.ChatUsage(11, 7), "", StringComparison.Ordinal), text);
        Assert.Equal(2, (await _rig.RecordOfAsync(response.RequestId())).Attempts.Count);
    }

    [Fact]
    [Trait("row", "A24")]
    public async Task First_content_ends_all_moving_on()
    {
        await AddAsync(2);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("chat")).Close();

        using var response = await PostAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());

        Assert.Empty(_upstreams[1].Requests);
        Assert.Equal(Outcome.UpstreamErrorAfterContent, (await _rig.RecordOfAsync(response.RequestId())).Outcome);
    }

    [Fact]
    [Trait("row", "A26")]
    public async Task Failed_attempt_leaves_its_place_before_the_next_one_enters()
    {
        await AddAsync(3);
        _upstreams[0].Default = _upstreams[1].Default = _ => ScriptedUpstreamScript.Answer(500, "oops", "text/plain");

        using var response = await PostAsync();
        await response.Content.ReadAsStringAsync();
        await _rig.AssertNothingHeldAsync(_caller.Account);

        Assert.Equal("enter 0, leave 0, enter 1, leave 1, enter 2, leave 2", _admission.Log);
    }

    [Fact]
    [Trait("row", "A26")]
    public async Task Place_is_left_when_something_flies_after_it()
    {
        await AddAsync(2);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.Answer(500, "oops", "text/plain");
        _admission.Fails = step => step == 1 ? new InvalidOperationException("boom") : null;

        using var response = await PostAsync();

        Assert.Equal(500, (int)response.StatusCode);
        await _rig.AssertNothingHeldAsync(_caller.Account);
        Assert.Equal("enter 0, leave 0", _admission.Log);
    }

    [Theory]
    [Trait("row", "A23")]
    [InlineData(429)]
    [InlineData(529)]
    [InlineData(503)]
    [InlineData(408)]
    [InlineData(500)]
    public async Task Refusal_without_a_header_is_tried_elsewhere_and_a_single_one_rests_no_channel(int status)
    {
        await AddAsync(2);
        _upstreams[0].Enqueue(ScriptedUpstreamScript.Answer(status, """{"error":{"message":"slow down"}}"""));

        await GoodAsync();
        await GoodAsync();

        Assert.Equal(2, _upstreams[0].Requests.Count);
        Assert.Single(_upstreams[1].Requests);
    }

    [Theory]
    [InlineData("retry-after: 60")]
    [InlineData("x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 6m0s")]
    public async Task Reset_header_spares_the_channel_until_then(params string[] headers)
    {
        await AddAsync(2);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.Answer(429, """{"error":{"message":"x"}}""", headers: headers);

        for (var i = 0; i < 5; i++)
        {
            await GoodAsync();
        }

        Assert.Single(_upstreams[0].Requests);
    }

    [Fact]
    public async Task Dead_credential_is_asked_once_and_again_when_it_is_another()
    {
        await AddAsync(2);
        _upstreams[0].Enqueue(ScriptedUpstreamScript.Answer(401, """{"error":{"code":"invalid_api_key","message":"x"}}"""));
        await GoodAsync();
        await GoodAsync();
        Assert.Single(_upstreams[0].Requests);

        var renewed = Entries.Channel(1, _upstreams[0].Url, Provider.OpenAi, ["m"], secret: "sk-upstream-another-9876543210")
            with { Priority = 9 };
        await _rig.PublishAsync(_rig.Plane.Current with { Channels = [renewed, _rig.Plane.Current.Channels[1]] });
        await TestKit.Servers.Probe.UntilAsync(
            () => renewed.Id == 1 && _rig.Host.Rooms.Snapshots.Current.Channels.First().Live.RestsUntil == 0,
            TimeSpan.FromSeconds(30), "the rest ends");
        await GoodAsync();

        Assert.Equal(2, _upstreams[0].Requests.Count);
    }

    [Fact]
    public async Task Attempts_are_bounded_however_many_channels_there_are()
    {
        await AddAsync(6);
        await _rig.PublishAsync(_rig.Plane.Current with { Routing = new RoutingRules { AttemptsMax = 3 } });
        _upstreams.ForEach(upstream => upstream.Default = _ => ScriptedUpstreamScript.Answer(500, "oops", "text/plain"));

        using var response = await PostAsync();

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal(3, _upstreams.Sum(upstream => upstream.Requests.Count));
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((3, Usd.Zero), (record.Attempts.Count, record.Cost));
    }

    [Fact]
    public async Task Channels_that_all_hang_are_waited_for_no_longer_than_one()
    {
        await AddAsync(4);
        _upstreams.ForEach(upstream => upstream.Default = _ => ScriptedUpstreamScript.Silence());
        var (least, most) = (Timeout.TotalMilliseconds * 0.8, Timeout.TotalMilliseconds + 700);

        // The best of three: a machine under test may stand still for a while.
        var (took, asked) = (double.MaxValue, 0);
        for (var i = 0; i < 3 && (took > most || asked < 3); i++)
        {
            var before = _upstreams.Sum(upstream => upstream.Requests.Count);
            var watch = Stopwatch.StartNew();
            using var response = await PostAsync();
            (took, asked) = (watch.ElapsedMilliseconds, _upstreams.Sum(upstream => upstream.Requests.Count) - before);
            Assert.Equal(504, (int)response.StatusCode);
            Assert.True(took >= least, $"{took} ms");
        }

        Assert.InRange(took, least, most);
        Assert.InRange(asked, 3, 4);
    }

    [Fact]
    public async Task Model_that_one_channel_has_not_got_is_had_from_another()
    {
        await AddAsync(2);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.Answer(404, """{"error":{"code":"model_not_found","message":"no such model"}}""");

        await GoodAsync();
        _upstreams[1].Default = _upstreams[0].Default;
        using var response = await PostAsync();

        Assert.Equal(404, (int)response.StatusCode);
        Assert.Contains("no such model", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_own_faults_open_no_circuit()
    {
        await AddAsync(1);
        _upstreams[0].Default = _ => ScriptedUpstreamScript.Answer(400, """{"error":{"message":"bad"}}""");
        for (var i = 0; i < 10; i++)
        {
            using var response = await PostAsync();
            Assert.Equal(400, (int)response.StatusCode);
        }

        Assert.Equal((0L, false), (Live(1).RestsUntil, Live(1).IsHalfOpen));
    }

    private static string Good => Dialects.Answer("chat", stream: true);

    private async Task AddAsync(int channels)
    {
        for (var i = 0; i < channels; i++)
        {
            var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"], c => c with { Priority = 9 - i });
            upstream.Default = _ => ScriptedUpstreamScript.Stream(Good);
            _upstreams.Add(upstream);
        }
    }

    private Task<HttpResponseMessage> PostAsync() => _caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);

    private async Task GoodAsync()
    {
        using var response = await PostAsync();
        Assert.Contains("lo!", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private ChannelLive Live(long channel) =>
        _rig.Host.Rooms.Snapshots.Current.Channels.Single(one => one.Id == channel).Live;
}
