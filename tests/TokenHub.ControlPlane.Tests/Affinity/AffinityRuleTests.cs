using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Tests.Affinity;

public sealed class AffinityRuleTests(Servers servers)
{
    private const string Path = "/api/v1/affinity-rules";

    [Theory]
    [InlineData("GPT", "gpt-*", "/v1/responses", "/prompt_cache_key")]
    [InlineData("Claude", "claude-*", "/v1/messages", "/metadata/user_id")]
    [InlineData("Gemini", "gemini-*", "/v1beta/models/*", "/cachedContent")]
    [Trait("row", "A27")]
    [Trait("row", "A28")]
    [Trait("row", "A29")]
    [Trait("row", "A30")]
    public async Task Well_known_preset_is_there_pinned_for_an_hour_and_switched_off(
        string name, string model, string path, string source)
    {
        var rule = Find(await servers.Shared.Admin.GetAsync(Path), name);

        Assert.Equal((model, path, source), (rule.Str("model"), rule.Str("path"), rule.Str("source")));
        Assert.Equal((3600, true, false), (rule.Int("ttl_seconds"), rule.Bool("pinned"), rule.Bool("enabled")));
    }

    [Fact]
    public async Task Our_presets_are_in_force_fail_over_and_come_after_the_pinned_ones()
    {
        await using var plane = await Plane.StartAsync(servers);

        var rules = (await SnapshotAsync(plane)).AffinityRules;
        Assert.Equal(["Claude Code", "Codex", "opencode", "Gemini cache", "Conversation"], rules.Select(rule => rule.Name));
        Assert.All(rules, rule => Assert.False(rule.IsPinned));
        Assert.All(rules, rule => Assert.True(AffinitySource.TryParse(rule.Source, out _)));
        Assert.Equal(
            ["GPT", "Claude", "Gemini", "Claude Code", "Codex", "opencode", "Gemini cache", "Conversation"],
            (await plane.Admin.GetAsync(Path)).Data().Select(rule => rule.Str("name")));
    }

    [Fact]
    [Trait("row", "A31")]
    public async Task Rule_is_made_changed_and_deleted_and_gateways_are_told_of_each()
    {
        await using var plane = await Plane.StartAsync(servers);
        var before = (await SnapshotAsync(plane)).Version;
        var made = (await plane.Admin.PostAsync(Path, new
        {
            name = "house",
            position = 5,
            path = "/v1/chat/completions",
            model = "gpt-*",
            source = "header:x-house /user +prefix",
            ttl_seconds = 600,
            pinned = true,
            unbind_after_ms = 2500,
        })).Expect(HttpStatusCode.Created);
        var one = $"{Path}/{made.Text("id")}";
        var rule = (await SnapshotAsync(plane)).AffinityRules[0];
        Assert.Equal(
            ("house", "/v1/chat/completions", "gpt-*", "header:x-house /user +prefix", 600, true, 2500, 1L),
            (rule.Name, rule.Path, rule.Model, rule.Source, rule.TtlSeconds, rule.IsPinned, rule.UnbindAfterMs, rule.Generation));

        (await plane.Admin.PatchAsync(one, new { name = "x" }, ("If-Match", "\"7\"")))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        var changed = (await plane.Admin.PatchAsync(one, new
        {
            position = 50,
            path = (string?)null,
            unbind_after_ms = (int?)null,
            pinned = false,
        })).Expect(HttpStatusCode.OK);
        Assert.Equal("\"2\"", changed.Header("ETag"));
        Assert.True(changed.Json.IsNull("path") && changed.Json.IsNull("unbind_after_ms"));
        Assert.Equal("gpt-*", changed.Text("model"));
        Assert.False((await SnapshotAsync(plane)).AffinityRules[0].IsPinned);

        (await plane.Admin.PatchAsync(one, new { enabled = false })).Expect(HttpStatusCode.OK);
        Assert.DoesNotContain((await SnapshotAsync(plane)).AffinityRules, r => r.Name == "house");
        (await plane.Admin.DeleteAsync(one)).Expect(HttpStatusCode.NoContent);
        (await plane.Admin.DeleteAsync(one)).ExpectProblem(HttpStatusCode.NotFound, "not_found");

        Assert.True((await SnapshotAsync(plane)).Version >= before + 4);
        Assert.Equal(
            ["affinity_rule.create", "affinity_rule.update", "affinity_rule.update", "affinity_rule.delete"],
            await AuditAsync(plane));
    }

    [Fact]
    public async Task New_rule_without_a_position_comes_last_and_has_the_usual_hour()
    {
        await using var plane = await Plane.StartAsync(servers);

        var made = (await plane.Admin.PostAsync(Path, new { name = "n", source = "/user" })).Expect(HttpStatusCode.Created);

        Assert.Equal((910, 3600, false), (made.Json.Int("position"), made.Json.Int("ttl_seconds"), made.Json.Bool("pinned")));
        Assert.Equal("n", (await plane.Admin.GetAsync(Path)).Data()[^1].Str("name"));
    }

    [Fact]
    public async Task Flush_of_a_rule_raises_its_generation_at_once_and_changes_nothing_else()
    {
        await using var plane = await Plane.StartAsync(servers);
        var id = Find(await plane.Admin.GetAsync(Path), "Codex").Str("id");

        var flushed = (await plane.Admin.PostAsync($"{Path}/{id}/flush")).Expect(HttpStatusCode.OK);

        Assert.False(flushed.Json.IsNull("flushed_at"));
        Assert.Equal(1, flushed.Json.Int("version"));
        Assert.Equal(
            [1L, 2L, 1L, 1L, 1L], (await SnapshotAsync(plane)).AffinityRules.Select(rule => rule.Generation));
        Assert.Equal(["affinity_rule.flush"], await AuditAsync(plane));
        (await plane.Admin.PostAsync($"{Path}/afr_999999/flush")).ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Flush_of_a_channel_is_its_owners_too()
    {
        await using var plane = await Plane.StartAsync(servers);
        var (owner, other) = (await plane.PersonAsync(), await plane.PersonAsync());
        var channel = (await owner.Api.PostAsync("/api/v1/channels", new
        {
            name = "mine",
            provider = "openai",
            base_url = "https://api.example.com",
            credential = new { type = "api_key", api_key = "k" },
            models = new[] { "m" },
        })).Expect(HttpStatusCode.Created).Text("id");
        var path = $"/api/v1/channels/{channel}/affinity/flush";

        (await other.Api.PostAsync(path)).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await owner.Api.PostAsync(path)).Expect(HttpStatusCode.NoContent);
        (await plane.Admin.PostAsync(path)).Expect(HttpStatusCode.NoContent);

        Assert.Equal(3, Assert.Single((await SnapshotAsync(plane)).Channels).AffinityGeneration);
        (await plane.Admin.DeleteAsync($"/api/v1/channels/{channel}")).Expect(HttpStatusCode.NoContent);
        (await plane.Admin.PostAsync(path)).ExpectProblem(HttpStatusCode.NotFound, "not_found");
        (await plane.Admin.PostAsync("/api/v1/channels/chn_0/affinity/flush"))
            .ExpectProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("""{"name":"","source":"prefix"}""", "name empty")]
    [InlineData("""{"name":"n","source":"body"}""", "source bad_source")]
    [InlineData("""{"name":"n","source":"/messages/0"}""", "source bad_source")]
    [InlineData("""{"name":"n","source":"prefix","path":"/v1/embeddings"}""", "path bad_path")]
    [InlineData("""{"name":"n","source":"prefix","path":""}""", "path bad_path")]
    [InlineData("""{"name":"n","source":"prefix","model":"^gpt-"}""", "model bad_model")]
    [InlineData("""{"name":"n","source":"prefix","ttl_seconds":0}""", "ttl_seconds out_of_range")]
    [InlineData("""{"name":"n","source":"prefix","ttl_seconds":604801}""", "ttl_seconds out_of_range")]
    [InlineData("""{"name":"n","source":"prefix","position":-1}""", "position out_of_range")]
    [InlineData("""{"name":"n","source":"prefix","unbind_after_ms":99}""", "unbind_after_ms out_of_range")]
    [InlineData("""{"name":"n","source":"prefix","status":"deleted"}""", "status unknown_value")]
    public async Task Field_that_makes_no_sense_is_refused(string body, string error)
    {
        var answer = await servers.Shared.Admin.PostAsync(Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Fact]
    public async Task Null_takes_away_only_what_may_be_missing()
    {
        var id = Find(await servers.Shared.Admin.GetAsync(Path), "opencode").Str("id");

        var answer = await servers.Shared.Admin.PatchAsync($"{Path}/{id}", """{"name":null,"source":null,"pinned":null}""");

        Assert.Equal(["name null", "source null", "pinned null"], answer.Errors);
    }

    private static JsonElement Find(Answer list, string name) =>
        list.Expect(HttpStatusCode.OK).Data().Single(rule => rule.Str("name") == name);

    private static Task<Snapshot> SnapshotAsync(Plane plane) => plane.Services
        .GetRequiredService<SnapshotBuilder>().BuildAsync(TestContext.Current.CancellationToken);

    private static async Task<IEnumerable<string>> AuditAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        return await connection.QueryAsync<string>(
            "select action from audit_events where action like 'affinity%' order by id");
    }
}
