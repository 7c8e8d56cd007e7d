using System.Net;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Snapshots;
using TokenHub.Redis;
using TokenHub.TestKit.Servers;

namespace TokenHub.ControlPlane.Tests.Status;

public sealed class StatusTests(Servers servers)
{
    [Fact]
    public async Task Status_shows_servers_and_gateways_with_log_and_lag()
    {
        await using var plane = await Plane.StartAsync(servers);
        var gateway = plane.With(Plane.Token);
        var welcome = (await gateway.PostAsync(
            PlaneMessages.RegisterPath, new { gateway_id = "gw-a", version = "1.2.3" })).Json;
        await gateway.PostAsync(PlaneMessages.BeatPath, new
        {
            gateway_no = welcome.Int("gateway_no"),
            boot_no = welcome.Int("boot_no"),
            last_lsn = 42,
            acked_lsn = 0,
            open_holds = 3,
            oldest_open_ms = 1500,
            recovery_done = true,
            draining = false,
            snapshot_version = 1,
            address = "127.0.0.1:8080",
        });

        var status = (await plane.Admin.GetAsync("/api/v1/status")).Expect(HttpStatusCode.OK).Json;

        Assert.True(status.GetProperty("postgres").Bool("ok"));
        Assert.True(status.GetProperty("redis").Bool("ok"));
        Assert.NotEmpty(status.GetProperty("build").Str("version")!);
        Assert.Equal((3, 42L, 0L), (status.Int("open_holds"), status.Long("lag"),
            status.Long("dead_letters")));
        var seen = Assert.Single(status.GetProperty("gateways").EnumerateArray());
        Assert.Equal(("gw-a", "1.2.3", true), (seen.Str("gateway_id"), seen.Str("build"),
            seen.Bool("alive")));
        Assert.Equal((42L, 0L, 42L), (seen.Long("last_lsn"), seen.Long("acked_lsn"),
            seen.Long("lag")));
    }

    [Fact]
    public async Task Probes_answer_without_a_sign_in()
    {
        var health = await servers.Shared.Anyone.GetAsync("/healthz");
        var ready = await servers.Shared.Anyone.GetAsync("/readyz");

        Assert.Equal("ok", health.Expect(HttpStatusCode.OK).Text("status"));
        Assert.True(ready.Expect(HttpStatusCode.OK).Json.Bool("ready"));
    }

    [Fact]
    public async Task Without_redis_reads_go_on_changes_are_kept_and_told_later()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var plane = await Plane.StartAsync(
            servers, o => o with { Redis = RedisOptions.Parse(redis.Url) with { ContinuesInline = false } });
        var person = await plane.PersonAsync();
        await redis.KillAsync();
        await Probe.UntilAsync(
            async () => (await plane.Anyone.GetAsync("/readyz")).Status == HttpStatusCode.ServiceUnavailable,
            TimeSpan.FromSeconds(30),
            "readiness goes");

        var ready = await plane.Anyone.GetAsync("/readyz");
        var made = await person.Api.PostAsync("/api/v1/keys", new { name = "a" });
        var credit = await plane.Admin.PostAsync(
            $"/api/v1/users/{person.Id}/credits", new { amount = "3", reason = "x" });
        var wallet = await person.Api.GetAsync("/api/v1/wallet");
        var status = await plane.Admin.GetAsync("/api/v1/status");
        await redis.RestartAsync();

        Assert.Equal((true, false), (ready.Json.Bool("postgres"), ready.Json.Bool("redis")));
        made.Expect(HttpStatusCode.Created);
        credit.Expect(HttpStatusCode.Created);
        Assert.Equal(("3.00000000", false), (wallet.Text("balance"), wallet.Json.Bool("live")));
        Assert.False(status.Json.GetProperty("redis").Bool("ok"));
        var hash = Core.Keys.HubKeyHash.Of(made.Text("secret"));
        await Probe.UntilAsync(
            () => KnowsAsync(plane, PlaneMessages.KeyRecordPrefix + hash),
            TimeSpan.FromSeconds(10),
            "Redis learns of the key");
    }

    [Fact]
    public async Task Without_postgres_every_call_says_so_and_comes_back()
    {
        await using var postgres = await PostgresServer.StartAsync();
        var connection = postgres.ConnectionString(await postgres.CreateDatabaseAsync());
        await using var plane = await Plane.StartAsync(servers, o => o with { DatabaseConnection = connection });
        await postgres.KillAsync();

        var answer = await plane.Admin.GetAsync("/api/v1/me");
        var ready = await plane.Anyone.GetAsync("/readyz");
        await postgres.RestartAsync();

        answer.ExpectProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Equal("1", answer.Header("Retry-After"));
        ready.Expect(HttpStatusCode.ServiceUnavailable);
        await Probe.UntilAsync(
            async () => (await plane.Admin.GetAsync("/api/v1/me")).Status == HttpStatusCode.OK,
            TimeSpan.FromSeconds(10),
            "it comes back");
    }

    private static async Task<bool> KnowsAsync(Plane plane, string key)
    {
        try
        {
            return await plane.Redis.GetAsync(key, TestContext.Current.CancellationToken) is not null;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }
}
