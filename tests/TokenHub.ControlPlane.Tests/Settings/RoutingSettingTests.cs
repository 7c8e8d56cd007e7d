using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Settings;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Tests.Settings;

public sealed class RoutingSettingTests(Servers servers)
{
    [Fact]
    public async Task Setting_is_stored_shown_and_told_to_gateways_with_the_usual_for_what_is_left_out()
    {
        await using var plane = await Plane.StartAsync(servers);
        var before = (await plane.Admin.GetAsync("/api/v1/settings/routing")).Expect(HttpStatusCode.OK).Json;

        var after = (await plane.Admin.PutAsync("/api/v1/settings/routing", new { policy = "least_loaded", attempts_max = 2, breaker_failures = 9, wait_usd_per_hour = "0.00000005" }))
            .Expect(HttpStatusCode.OK).Json;

        Assert.Equal((4, 5), (before.Int("attempts_max"), before.Int("breaker_failures")));
        Assert.Equal((2, 9, 60), (after.Int("attempts_max"), after.Int("breaker_failures"), after.Int("cooldown_max_ms") / 60_000));
        var snapshot = await plane.Services.GetRequiredService<SnapshotBuilder>().BuildAsync(TestContext.Current.CancellationToken);
        Assert.Equal(
            new RoutingRules
            {
                Policy = RoutingPolicy.LeastLoaded, AttemptsMax = 2, BreakerFailures = 9, WaitUnitsPerHour = 5,
            },
            snapshot.Routing);
        Assert.Equal(("36.00000000", "0.00000005"), (before.Str("wait_usd_per_hour"), after.Str("wait_usd_per_hour")));
        Assert.Equal(("weighted", "least_loaded"), (before.Str("policy"), after.Str("policy")));
    }

    [Fact]
    public async Task Who_saves_over_what_another_has_saved_meanwhile_is_told_and_nothing_is_lost()
    {
        await using var plane = await Plane.StartAsync(servers);
        const string Path = "/api/v1/settings/routing";
        var unset = (await plane.Admin.GetAsync(Path)).Expect(HttpStatusCode.OK);
        Assert.Equal((0, "\"0\""), (unset.Json.Int("version"), unset.Header("ETag")));

        // Of those who saw the same version one is first.
        var answers = await Task.WhenAll(Enumerable.Range(1, 8)
            .Select(n => plane.Admin.PutAsync(Path, new { attempts_max = n }, ("If-Match", "\"0\""))));
        var won = Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.All(answers.Except([won]), answer => answer.Expect(HttpStatusCode.PreconditionFailed));
        Assert.Equal(1, won.Json.Int("version"));

        var second = (await plane.Admin.PutAsync(Path, new { attempts_max = 5 }, ("If-Match", "\"1\"")))
            .Expect(HttpStatusCode.OK);
        Assert.Equal((2, "\"2\""), (second.Json.Int("version"), second.Header("ETag")));
        (await plane.Admin.PutAsync(Path, new { attempts_max = 6 }, ("If-Match", "\"9\"")))
            .Expect(HttpStatusCode.PreconditionFailed);
        Assert.Equal(3, (await plane.Admin.PutAsync(Path, new { attempts_max = 7 })).Json.Int("version"));
        Assert.Equal(7, (await plane.Admin.GetAsync(Path)).Json.Int("attempts_max"));
    }

    [Theory]
    [InlineData("attempts_max", 0)]
    [InlineData("attempts_max", 9)]
    [InlineData("cooldown_max_ms", 10)]
    [InlineData("breaker_share_bp", 10_001)]
    [InlineData("probe_every_seconds", 1)]
    public async Task Value_out_of_its_bounds_is_refused(string field, int value)
    {
        var answer = await servers.Shared.Admin.PutAsync(
            "/api/v1/settings/routing", new Dictionary<string, int> { [field] = value });

        answer.Expect(HttpStatusCode.BadRequest);
        Assert.Equal([$"{field} out_of_range"], answer.Errors);
    }

    [Fact]
    public async Task Worth_of_an_hour_has_a_bound()
    {
        var answer = await servers.Shared.Admin.PutAsync(
            "/api/v1/settings/routing", new { wait_usd_per_hour = "3600000.00000001" });

        answer.Expect(HttpStatusCode.BadRequest);
        Assert.Equal(["wait_usd_per_hour out_of_range"], answer.Errors);
    }

    [Fact]
    public void Setting_of_an_older_release_keeps_the_usual_for_what_it_does_not_know()
    {
        Assert.Equal(
            new RoutingRules { AttemptsMax = 3 },
            RoutingSettingRules.Read("""{"attempts_max":3,"breaker_failures":null,"long_gone":1}"""));
        Assert.Equal(new RoutingRules(), RoutingSettingRules.Read(null));
    }
}
