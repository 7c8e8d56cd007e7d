using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Routing;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Groups;

[Trait("needs", "postgres, redis")]
public sealed class GroupTests(Servers servers)
{
    private const string Path = "/api/v1/groups";
    private static int s_names;

    [Fact]
    public async Task Settings_come_back_as_they_were_set_and_reach_the_snapshot()
    {
        var person = await servers.Shared.PersonAsync();
        var name = NewName();
        var made = await servers.Shared.Admin.PostAsync(Path, new
        {
            name, policy = "cheapest", price_factor = "1.2500", user_ids = new[] { person.Id }, in_common = false,
            hedges = true, rpm = 600, tpm = 90_000, queue_max = 20, queue_wait_ms = 1_500,
        });

        var view = made.Expect(HttpStatusCode.Created).Json;
        Assert.Equal(($"{Path}/{name}", "1.25", "cheapest"), (made.Header("Location"), made.Text("price_factor"), made.Text("policy")));
        Assert.Equal([person.Id], view.GetProperty("user_ids").EnumerateArray().Select(id => id.GetString()));
        var snapshot = await servers.Shared.Services.GetRequiredService<SnapshotBuilder>().BuildAsync(default);
        var entry = snapshot.Groups.Single(group => group.Name == name);
        Assert.Equal(
            (RoutingPolicy.Cheapest, 12_500, false, true, 600, 90_000),
            (entry.Policy, entry.PriceFactorBp, entry.InCommon, entry.Hedges, entry.Rpm, entry.Tpm));
        Assert.Equal((20, 1_500), (entry.QueueMax, entry.QueueWaitMs));
        Assert.Equal((20, 1_500), (view.GetProperty("queue_max").GetInt32(), view.GetProperty("queue_wait_ms").GetInt32()));
        Assert.Equal([long.Parse(person.Id[WireId.User.Length..], null)], entry.Accounts);
    }

    [Fact]
    public async Task New_group_is_open_common_weighted_and_at_the_plain_price()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = NewName() });

        Assert.Equal(("weighted", "1"), (made.Text("policy"), made.Text("price_factor")));
        Assert.True(made.Json.GetProperty("in_common").GetBoolean());
        Assert.Equal(0, made.Json.GetProperty("user_ids").GetArrayLength());
    }

    [Fact]
    public async Task Change_keeps_what_was_not_sent_raises_the_version_and_is_told_within_a_second()
    {
        var admin = servers.Shared.Admin;
        var name = NewName();
        await admin.PostAsync(Path, new { name, policy = "fifo", rpm = 5, queue_max = 3, queue_wait_ms = 9 });
        var feed = servers.Shared.Services.GetRequiredService<SnapshotFeed>();

        var changed = await admin.PatchAsync($"{Path}/{name}", new { price_factor = "0.5", rpm = (int?)null, queue_max = (int?)null });
        Assert.Equal(("fifo", "0.5"), (changed.Text("policy"), changed.Text("price_factor")));
        Assert.Equal(JsonValueKind.Null, changed.Json.GetProperty("rpm").ValueKind);
        Assert.Equal(JsonValueKind.Null, changed.Json.GetProperty("queue_max").ValueKind);
        Assert.Equal(9, changed.Json.GetProperty("queue_wait_ms").GetInt32());
        Assert.Equal("\"2\"", changed.Header("ETag"));
        (await admin.PatchAsync($"{Path}/{name}", new { hedges = true }, ("If-Match", "\"1\"")))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        await using var connection = await servers.Shared.ConnectAsync();
        Assert.Equal(
            ["group.create", "group.update"],
            await connection.QueryAsync<string>("select action from audit_events where target = @name order by id", new { name }));

        var tpm = 0;
        await Timing.KeepsWithinAsync(TimeSpan.FromSeconds(1), async () =>
        {
            var (seen, clock) = (feed.Version, Stopwatch.StartNew());
            (await admin.PatchAsync($"{Path}/{name}", new { tpm = ++tpm })).Expect(HttpStatusCode.OK);
            Assert.NotNull(await feed.WaitAsync(seen, TimeSpan.FromSeconds(20), default));
            return clock.Elapsed;
        });
    }

    [Theory]
    [InlineData("""{"name":"v1"}""", "name bad_group")]
    [InlineData("""{"name":"Big"}""", "name bad_group")]
    [InlineData("""{"name":"a","policy":"magic"}""", "policy unknown_value")]
    [InlineData("""{"name":"a","price_factor":"0"}""", "price_factor bad_factor")]
    [InlineData("""{"name":"a","price_factor":"10.0001"}""", "price_factor bad_factor")]
    [InlineData("""{"name":"a","price_factor":"1.00001"}""", "price_factor bad_factor")]
    [InlineData("""{"name":"a","price_factor":"-1"}""", "price_factor bad_factor")]
    [InlineData("""{"name":"a","price_factor":"1e1"}""", "price_factor bad_factor")]
    [InlineData("""{"name":"a","user_ids":["key_1"]}""", "user_ids[0] bad_id")]
    [InlineData("""{"name":"a","user_ids":["usr_999999999"]}""", "user_ids unknown_user")]
    [InlineData("""{"name":"a","rpm":0}""", "rpm out_of_range")]
    public async Task Bad_settings_are_refused_with_their_field(string body, string error)
    {
        var answer = await servers.Shared.Admin.PostAsync(Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Fact]
    public async Task Name_is_taken_once()
    {
        var name = NewName();
        await servers.Shared.Admin.PostAsync(Path, new { name });

        (await servers.Shared.Admin.PostAsync(Path, new { name })).ExpectProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task Group_that_channels_are_in_cannot_be_deleted()
    {
        var admin = servers.Shared.Admin;
        var name = NewName();
        await admin.PostAsync(Path, new { name });
        var channel = await admin.PostAsync("/api/v1/channels", new
        {
            name = "c", provider = "openai_compatible", base_url = "http://127.0.0.1:9",
            credential = new { type = "api_key", api_key = "s" }, models = new[] { "m" }, groups = new[] { name },
        });

        (await admin.DeleteAsync($"{Path}/{name}")).ExpectProblem(HttpStatusCode.Conflict, "conflict");
        await admin.DeleteAsync($"/api/v1/channels/{channel.Text("id")}");
        (await admin.DeleteAsync($"{Path}/{name}")).Expect(HttpStatusCode.NoContent);
        (await admin.GetAsync($"{Path}/{name}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Member_sees_the_groups_he_may_use_and_not_who_else_may()
    {
        var (one, other) = (await servers.Shared.PersonAsync(), await servers.Shared.PersonAsync());
        var (open, closed) = (NewName(), NewName());
        await servers.Shared.Admin.PostAsync(Path, new { name = open });
        await servers.Shared.Admin.PostAsync(Path, new { name = closed, user_ids = new[] { one.Id } });

        Assert.Equal(JsonValueKind.Null, (await one.Api.GetAsync($"{Path}/{closed}")).Json.GetProperty("user_ids").ValueKind);
        (await other.Api.GetAsync($"{Path}/{closed}")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        var names = (await other.Api.GetAsync(Path + "?limit=200")).Json.GetProperty("data").EnumerateArray()
            .Select(group => group.GetProperty("name").GetString()).ToList();
        Assert.Contains(open, names);
        Assert.DoesNotContain(closed, names);
    }

    [Fact]
    public async Task Key_can_be_narrowed_to_groups_and_gateways_hear_of_it()
    {
        var person = await servers.Shared.PersonAsync();
        var key = await person.Api.PostAsync("/api/v1/keys", new { name = "k", groups = new[] { "gold", "gold" } });
        Assert.Equal(1, key.Json.GetProperty("groups").GetArrayLength());

        await person.Api.PatchAsync($"/api/v1/keys/{key.Text("id")}", new { groups = new[] { "silver" } });

        var stored = await servers.Shared.Redis.GetAsync(
            "key:" + Convert.ToHexStringLower(
                System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(key.Text("secret")))),
            TestContext.Current.CancellationToken);
        Assert.Contains("\"groups\":[\"silver\"]", System.Text.Encoding.UTF8.GetString(stored!), StringComparison.Ordinal);
        var bad = await person.Api.PatchAsync($"/api/v1/keys/{key.Text("id")}", new { groups = new[] { "No Name" } });
        Assert.Equal(["groups bad_group"], bad.Errors);
    }

    private static string NewName() => $"group-{Interlocked.Increment(ref s_names)}";
}
