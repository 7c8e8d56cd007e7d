using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Health;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Tests.Usage;
using TokenHub.Core.Usage;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Health;

/// <summary>A day of a channel as its calls and probes have shown it.</summary>
public sealed class HealthTests(Servers servers)
{
    private const string Chat =
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
        + "data: {\"choices\":[{\"delta\":{\"content\":\"OK\"}}]}\n\ndata: [DONE]\n\n";

    [Theory]
    [Trait("row", "A49")]
    [InlineData(0, 0, 0, 0, 0, 0, 0, "none")]
    [InlineData(20, 0, 0, 0, 0, 0, 0, "available")]
    [InlineData(19, 0, 1, 0, 0, 0, 0, "available")]
    [InlineData(18, 0, 1, 0, 0, 0, 0, "degraded")]
    [InlineData(18, 1, 0, 0, 0, 0, 0, "degraded")]
    [InlineData(10, 0, 0, 0, 3, 0, 0, "degraded")]
    [InlineData(0, 4, 0, 0, 0, 0, 0, "empty")]
    [InlineData(0, 4, 1, 0, 0, 0, 0, "down")]
    [InlineData(0, 0, 0, 1, 0, 0, 0, "down")]
    [InlineData(0, 0, 0, 0, 0, 1, 0, "available")]
    [InlineData(0, 0, 0, 0, 0, 0, 2, "down")]
    [InlineData(0, 0, 1, 0, 0, 9, 0, "down")]
    public void Half_hour_has_the_status_of_its_attempts(
        int available, int empty, int failed, int down, int slow, int probesGood, int probesBad, string expected)
    {
        Assert.Equal(expected, HealthRules.StatusOf(new HealthRow
        {
            Available = available,
            Empty = empty,
            Failed = failed,
            Down = down,
            Slow = slow,
            ProbesGood = probesGood,
            ProbesBad = probesBad,
        }));
    }

    [Fact]
    [Trait("row", "A49")]
    public void Incident_lasts_from_its_first_half_hour_until_the_channel_is_seen_available_again()
    {
        var now = new DateTime(2026, 3, 4, 12, 10, 0, DateTimeKind.Utc);
        DateTime At(int half) => HealthRules.Since(now) + TimeSpan.FromMinutes(30 * half);
        HealthRow Row(int half, int available, int empty = 0, int failed = 0, int down = 0) =>
            new() { StartsAt = At(half), Available = available, Empty = empty, Failed = failed, Down = down };

        var view = HealthRules.ViewOf(
            new ChannelRow { Id = 7, Name = "c" },
            [Row(0, 9), Row(2, 5, failed: 5), Row(3, 0, failed: 4), Row(6, 3, empty: 3), Row(8, 9), Row(47, 0, down: 2)], now);

        Assert.Equal(48, view.Windows.Count);
        Assert.Equal(
            [(At(47), null, "down", 2L), (At(2), (DateTime?)At(8), "down", 12L)],
            view.Incidents.Select(incident => (incident.StartsAt, incident.EndsAt, incident.Status, incident.NotServed)));
        Assert.Equal((5L, 5L, 0L, 0L), (view.Windows[2].Available, view.Windows[2].Failed, view.Windows[2].Slow, view.Windows[2].Empty));
    }

    [Fact]
    [Trait("row", "A49")]
    public async Task Day_is_shown_by_48_half_hours_with_nothing_where_nothing_is_known()
    {
        var owner = await servers.Shared.PersonAsync();
        var world = await RequestWorld.MakeAsync(servers.Shared, owner);
        var record = world.Record(Outcome.Completed, new TokenUsage { Input = 10, Output = 5 });
        await world.ShipAsync([record with
        {
            IsStream = true,
            Attempts = [new AttemptRecord(record.Channel, 200, AttemptFault.None, 90) { Outcome = Outcome.Completed, PriceVersion = record.PriceVersion }],
        }]);
        var id = $"chn_{record.Channel}";

        var day = (await owner.Api.GetAsync($"/api/v1/channels/{id}/health")).Expect(HttpStatusCode.OK).Json;

        var windows = day.At("windows").EnumerateArray().ToList();
        Assert.Equal(48, windows.Count);
        Assert.All(windows.Take(46), window => Assert.Equal("none", window.Str("status")));
        Assert.True(windows[0].IsNull("ttft_ms"));
        Assert.Equal((id, "available"), (day.Str("id"), day.Str("status")));
        Assert.Equal(1, windows.Sum(window => window.Long("available")));
        var all = (await owner.Api.GetAsync("/api/v1/health/channels")).Data();
        Assert.Equal(id, Assert.Single(all).Str("id"));
        (await world.Person.Api.GetAsync($"/api/v1/channels/{id}/health")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        Assert.Contains((await servers.Shared.Admin.GetAsync("/api/v1/health/channels?limit=200")).Data(), row => row.Str("id") == id);
    }

    [Fact]
    [Trait("row", "A51")]
    public async Task Scheduled_probe_is_off_until_it_is_asked_for_and_is_marked_as_such()
    {
        await using var plane = await Plane.StartAsync(servers);
        await using var good = ScriptedUpstream.Start();
        await using var bad = ScriptedUpstream.Start();
        good.Default = _ => ScriptedUpstreamScript.Stream(Chat);
        bad.Default = _ => ScriptedUpstreamScript.Answer(401, """{"error":{"message":"no"}}""");
        var (first, second) = (await AddAsync(plane, good), await AddAsync(plane, bad));
        var probes = plane.Services.GetRequiredService<HealthProbes>();

        Assert.Equal(0, await probes.RunAsync(TestContext.Current.CancellationToken));
        (await plane.Admin.PutAsync("/api/v1/settings/routing", new { probes = true, probe_every_seconds = 60 }))
            .Expect(HttpStatusCode.OK);
        var tried = await Task.WhenAll(
            probes.RunAsync(TestContext.Current.CancellationToken), probes.RunAsync(TestContext.Current.CancellationToken));

        // The loop of its own may have been first.
        Assert.InRange(tried.Sum(), 0, 2);
        var health = await WaitAsync(plane, first);
        Assert.Equal(("available", true), (health.Str("status"), health.At("windows")[47].Bool("is_probed") || health.At("windows")[46].Bool("is_probed")));
        Assert.Equal(0, health.At("windows")[47].Long("available"));
        Assert.Equal("down", (await WaitAsync(plane, second)).Str("status"));
        Assert.Single(good.Requests);
        Assert.Single(bad.Requests);
        Assert.Equal("[]", (await plane.Admin.GetAsync("/api/v1/requests")).Json.At("data").GetRawText());
    }

    private static async Task<System.Text.Json.JsonElement> WaitAsync(Plane plane, string channel)
    {
        System.Text.Json.JsonElement health = default;
        await TestKit.Servers.Probe.UntilAsync(
            async () =>
            {
                health = (await plane.Admin.GetAsync($"/api/v1/channels/{channel}/health")).Json;
                return health.Str("status") != "none";
            },
            TimeSpan.FromSeconds(20),
            "the probe is noted");
        return health;
    }

    private static async Task<string> AddAsync(Plane plane, ScriptedUpstream upstream) =>
        (await plane.Admin.PostAsync("/api/v1/channels", new
        {
            name = "c",
            provider = "openai",
            base_url = upstream.Url,
            credential = new { type = "api_key", api_key = "upstream-key-0123456789" },
            models = new[] { "m-*", "served" },
        })).Expect(HttpStatusCode.Created).Text("id");
}
