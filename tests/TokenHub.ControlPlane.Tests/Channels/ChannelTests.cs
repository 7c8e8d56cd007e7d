using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Tests.Channels;

public sealed class ChannelTests(Servers servers)
{
    private const string Path = "/api/v1/channels";
    private const string Secret = "canary-9f8e7d6c5b4a";

    private static Dictionary<string, object?> Body => new()
    {
        ["name"] = "main",
        ["provider"] = "openai",
        ["base_url"] = "https://api.openai.com/",
        ["credential"] = new { type = "api_key", api_key = Secret },
        ["models"] = new[] { "gpt-*" },
    };

    [Fact]
    public async Task Channel_comes_back_as_it_was_set_but_for_its_credential()
    {
        var body = Body;
        body["groups"] = new[] { "team-a" };
        body["weight"] = 5;
        body["priority"] = -2;
        body["owner_share_bp"] = 5000;
        body["max_concurrency"] = 9;
        body["model_map"] = new Dictionary<string, string> { ["fast"] = "gpt-4o-mini" };
        body["windows"] = new[]
        {
            new { limit_usd = "25", period_unit = "month", period_count = 1, timezone = "Europe/Berlin" },
        };

        var made = await servers.Shared.Admin.PostAsync(Path, body);

        var view = made.Expect(HttpStatusCode.Created).Json;
        Assert.Equal("https://api.openai.com", view.Str("base_url"));
        Assert.Equal("api_key", view.Str("credential_type"));
        Assert.True(view.IsNull("owner_user_id"));
        Assert.Equal((5, -2, 5000, 9), (view.Int("weight"), view.Int("priority"),
            view.Int("owner_share_bp"), view.Int("max_concurrency")));
        Assert.Equal("gpt-4o-mini", view.GetProperty("model_map").Str("fast"));
        Assert.Equal("25.00000000", view.GetProperty("windows")[0].Str("limit_usd"));
        Assert.False(view.TryGetProperty("credential", out _));
    }

    [Theory]
    [InlineData("on_client_abort", "\"abort\"", "on_client_abort unknown_value")]
    [InlineData("on_client_abort", "\"Drain\"", "on_client_abort unknown_value")]
    [InlineData("on_client_abort", "1", "on_client_abort wrong_type")]
    [InlineData("trusts_usage", "\"false\"", "trusts_usage wrong_type")]
    [InlineData("owner_share_bp", "5001", "owner_share_bp out_of_range")]
    [InlineData("owner_share_bp", "-1", "owner_share_bp out_of_range")]
    [InlineData("owner_share_bp", "2500.5", "owner_share_bp wrong_type")]
    [InlineData("weight", "-1", "weight out_of_range")]
    [InlineData("provider", "\"closedai\"", "provider unknown_value")]
    [InlineData("base_url", "\"https://user:pw@api.example.com\"", "base_url bad_url")]
    [InlineData("base_url", "\"https://api.example.com/?key=1\"", "base_url bad_url")]
    [InlineData("models", "[]", "models empty")]
    [InlineData("models", "[\"a b\"]", "models[0] bad_model")]
    [InlineData("model_map", "{\"a\":\"b*\"}", "model_map bad_model")]
    [InlineData("groups", "[\"v1\"]", "groups bad_group")]
    [InlineData("groups", "[\"A\"]", "groups bad_group")]
    [InlineData("groups", "[\"a/b\"]", "groups bad_group")]
    [InlineData("groups", "[null]", "groups bad_group")]
    [InlineData("windows", "[null]", "windows[0] null")]
    [InlineData("windows", "[{\"period_unit\":\"day\"}]", "windows[0] one_limit")]
    [InlineData(
        "windows",
        "[{\"limit_usd\":\"1\",\"limit_tokens\":5,\"period_unit\":\"day\"}]",
        "windows[0] one_limit")]
    [InlineData("windows", "[{\"limit_usd\":\"0\",\"period_unit\":\"day\"}]", "windows[0] out_of_range")]
    [InlineData("windows", "[{\"limit_usd\":\"1e3\",\"period_unit\":\"day\"}]", "windows[0].limit_usd bad_amount")]
    [InlineData("windows", "[{\"limit_requests\":5,\"period_unit\":\"year\"}]", "windows[0].period_unit unknown_value")]
    [InlineData(
        "windows",
        "[{\"limit_requests\":5,\"period_unit\":\"day\",\"timezone\":\"Mars/Base\"}]",
        "windows[0].timezone unknown_zone")]
    [InlineData("credential", "{\"type\":\"password\",\"api_key\":\"x\"}", "credential.type unknown_value")]
    [InlineData("credential", "{\"type\":\"api_key\"}", "credential.api_key required")]
    [InlineData("credential", "{\"type\":\"api_key\",\"api_key\":\"\"}", "credential.api_key empty")]
    [InlineData("credential", "{\"type\":\"api_key\",\"api_key\":\"a\\r\\nx-evil: 1\"}", "credential.api_key bad_text")]
    [InlineData("credential", "{\"type\":\"api_key\",\"api_key\":\"ключ\"}", "credential.api_key bad_text")]
    [InlineData(
        "credential",
        "{\"type\":\"api_key\",\"api_key\":\"k\",\"region\":\"eu\"}",
        "credential.region unknown_field")]
    [InlineData(
        "credential",
        "{\"type\":\"aws\",\"access_key_id\":\"a\",\"secret_access_key\":\"b\",\"region\":\"c\"}",
        "credential.type unfit_type")]
    [InlineData("owner_user_id", "\"usr_999999\"", "owner_user_id unknown_user")]
    [InlineData("apis", "[\"chat\",\"embeddings\"]", "apis unknown_value")]
    [InlineData("api_version", "\"2024-10-21\"", "api_version unfit_field")]
    [InlineData("headers", "{\"Authorization\":\"x\"}", "headers bad_name")]
    [InlineData("headers", "{\"x-a\":\"1\",\"X-A\":\"2\"}", "headers bad_name")]
    [InlineData("headers", "{\"x-a\":\"a\\r\\nb: c\"}", "headers bad_text")]
    [InlineData("headers", "{\"x-a\":\"\"}", "headers bad_text")]
    public async Task Bad_channel_is_refused(string field, string value, string error)
    {
        var body = Body;
        body[field] = JsonSerializer.Deserialize<JsonElement>(value);

        var answer = await servers.Shared.Admin.PostAsync(Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Theory]
    [InlineData("azure", """{"type":"entra","tenant_id":"t","client_id":"c","client_secret":"s"}""")]
    [InlineData(
        "bedrock",
        """{"type":"aws","access_key_id":"a","secret_access_key":"s","region":"eu-west-1","session_token":"t"}""")]
    [InlineData(
        "vertex",
        """{"type":"google_service_account","client_email":"a@b","private_key":"--BEGIN--\nx\n--END--\n","project_id":"p"}""")]
    [InlineData(
        "openai",
        """{"type":"oauth_refresh","token_url":"https://id.example.com/token","client_id":"c","refresh_token":"r"}""")]
    public async Task Other_credentials_are_taken_and_kept(string provider, string credential)
    {
        var body = Body;
        body["provider"] = provider;
        body["credential"] = JsonSerializer.Deserialize<JsonElement>(credential);

        var made = await servers.Shared.Admin.PostAsync(Path, body);

        made.Expect(HttpStatusCode.Created);
        var opened = JsonSerializer.Deserialize<JsonElement>(await OpenAsync(made.Text("id"), 0));
        Assert.Equal(made.Text("credential_type"), opened.Str("type"));
    }

    [Fact]
    public async Task Credential_is_sealed_for_its_channel_and_owner()
    {
        var person = await servers.Shared.PersonAsync();
        var made = await person.Api.PostAsync(Path, Body);
        var owner = long.Parse(person.Id[4..], null);

        Assert.Equal(person.Id, made.Expect(HttpStatusCode.Created).Text("owner_user_id"));
        Assert.Contains($"\"api_key\":\"{Secret}\"", await OpenAsync(made.Text("id"), owner), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => OpenAsync(made.Text("id"), owner + 1));
    }

    [Fact]
    public async Task Secret_is_in_no_answer_and_nowhere_in_the_database()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, Body);
        var path = $"{Path}/{made.Text("id")}";
        var answers = new[]
        {
            made,
            await servers.Shared.Admin.GetAsync(path),
            await servers.Shared.Admin.GetAsync(Path),
            await servers.Shared.Admin.PatchAsync(
                path, new { credential = new { type = "api_key", api_key = Secret + "2" } }),
            await servers.Shared.Admin.PatchAsync(path, new { credential = new { type = "aws", api_key = Secret } }),
            await servers.Shared.Admin.PostAsync(path + "/test", new { model = "m" }),
            await servers.Shared.With(Plane.Token).GetAsync("/internal/v1/snapshot"),
        };

        await using var connection = await servers.Shared.ConnectAsync();
        var rows = await connection.QueryAsync<string>(
            "select c::text from channels c union all select a::text from audit_events a");

        Assert.All(answers, answer => Assert.DoesNotContain("canary", answer.Content, StringComparison.Ordinal));
        Assert.DoesNotContain(rows, row => row.Contains("canary", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Stored_secret_does_not_follow_the_channel_to_another_host()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, Body);
        var path = $"{Path}/{made.Text("id")}";

        var moved = await servers.Shared.Admin.PatchAsync(path, new { base_url = "https://evil.example.com" });
        var within = await servers.Shared.Admin.PatchAsync(path, new { base_url = "https://api.openai.com/v1" });
        var shown = await servers.Shared.Admin.PatchAsync(
            path,
            new { base_url = "https://other.example.com", credential = new { type = "api_key", api_key = "new" } });

        Assert.Equal(["credential required"], moved.Errors);
        within.Expect(HttpStatusCode.OK);
        shown.Expect(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("priority", "1")]
    [InlineData("weight", "101")]
    [InlineData("groups", "[\"vip\"]")]
    [InlineData("base_url", "\"https://api.example.com:8443\"")]
    public async Task Member_cannot_draw_all_traffic_or_scan_ports(string field, string value)
    {
        await using var plane = await Plane.StartAsync(
            servers, options => options with { AllowPrivateUpstreams = false, AllowInsecureUpstreams = false });
        var person = await plane.PersonAsync();
        var body = Body;
        body[field] = JsonSerializer.Deserialize<JsonElement>(value);

        var refused = await person.Api.PostAsync(Path, body);
        var byAdmin = await plane.Admin.PostAsync(Path, body);

        Assert.StartsWith(field, Assert.Single(refused.Errors), StringComparison.Ordinal);
        byAdmin.Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Member_owns_what_he_makes_and_nothing_else()
    {
        var person = await servers.Shared.PersonAsync();
        var other = await servers.Shared.PersonAsync();
        var body = Body;
        body["owner_user_id"] = other.Id;

        (await person.Api.PostAsync(Path, body)).ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(other.Id, (await servers.Shared.Admin.PostAsync(Path, body)).Text("owner_user_id"));
        Assert.Single((await other.Api.GetAsync(Path)).Data());
        Assert.Empty((await person.Api.GetAsync(Path)).Data());
    }

    [Fact]
    public async Task Gateways_have_a_change_when_it_is_answered()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, Body);
        var id = long.Parse(made.Text("id")[4..], null);
        var path = $"{Path}/{made.Text("id")}";

        var there = await SnapshotAsync();
        await servers.Shared.Admin.PatchAsync(path, new { enabled = false });
        var disabled = await SnapshotAsync();
        await servers.Shared.Admin.PatchAsync(path, new { enabled = true, weight = 3 });
        var back = await SnapshotAsync();
        await servers.Shared.Admin.DeleteAsync(path);
        var deleted = await SnapshotAsync();

        Assert.Contains(there.Channels, c => c.Id == id);
        Assert.DoesNotContain(disabled.Channels, c => c.Id == id);
        Assert.Equal(3, back.Channels.Single(c => c.Id == id).Weight);
        Assert.DoesNotContain(deleted.Channels, c => c.Id == id);
        Assert.Equal("deleted", (await servers.Shared.Admin.GetAsync(path)).Text("status"));
    }

    [Fact]
    public async Task Channels_of_a_disabled_user_stop_and_come_back_with_him()
    {
        var person = await servers.Shared.PersonAsync();
        var id = long.Parse((await person.Api.PostAsync(Path, Body)).Text("id")[4..], null);
        var path = $"/api/v1/users/{person.Id}";

        var there = await SnapshotAsync();
        await servers.Shared.Admin.PatchAsync(path, new { status = "disabled" });
        var stopped = await SnapshotAsync();
        await servers.Shared.Admin.PatchAsync(path, new { status = "active" });
        var back = await SnapshotAsync();

        Assert.Equal((true, false, true), (Has(there), Has(stopped), Has(back)));
        bool Has(Snapshot snapshot) => snapshot.Channels.Any(channel => channel.Id == id);
    }

    private async Task<Snapshot> SnapshotAsync()
    {
        var answer = await servers.Shared.With(Plane.Token).GetAsync("/internal/v1/snapshot");
        var json = answer.Expect(HttpStatusCode.OK).Content;
        return JsonSerializer.Deserialize(json, SnapshotJsonContext.Default.Snapshot)!;
    }

    private async Task<string> OpenAsync(string wireId, long owner)
    {
        var id = long.Parse(wireId[4..], null);
        await using var connection = await servers.Shared.ConnectAsync();
        var text = await connection.QuerySingleAsync<string>(
            "select sealed_credential from channels where id = @id", new { id });
        var box = new SecretBox(servers.Shared.Options.MasterKey);
        return box.TryOpen(text, $"channels/credential/{id}/{owner}", out var secret)
            ? System.Text.Encoding.UTF8.GetString(secret)
            : throw new InvalidOperationException("does not open");
    }

    [Fact]
    public async Task Policy_for_clients_that_leave_and_trust_are_set_kept_and_told_to_gateways()
    {
        await using var plane = await Plane.StartAsync(servers);
        var member = await plane.PersonAsync();
        object Body(string policy) => new
        {
            name = "c",
            provider = "openai",
            base_url = "https://api.example.com",
            credential = new { type = "api_key", api_key = "k" },
            models = new[] { "m" },
            on_client_abort = policy,
        };
        var made = (await member.Api.PostAsync("/api/v1/channels", Body("drain"))).Expect(HttpStatusCode.Created);
        var path = $"/api/v1/channels/{made.Text("id")}";
        Assert.Equal(("drain", true), (made.Text("on_client_abort"), made.Json.Bool("trusts_usage")));

        // Whether he is believed is not the owner's to say.
        (await plane.Admin.PatchAsync(path, new { trusts_usage = false })).Expect(HttpStatusCode.OK);
        Assert.Equal(
            ["trusts_usage forbidden"], (await member.Api.PatchAsync(path, new { trusts_usage = true })).Errors);
        var renamed = (await member.Api.PatchAsync(path, new { name = "d" })).Expect(HttpStatusCode.OK);
        Assert.Equal(("drain", false), (renamed.Text("on_client_abort"), renamed.Json.Bool("trusts_usage")));

        var feed = plane.Services.GetRequiredService<ControlPlane.Publishing.SnapshotBuilder>();
        var entry = Assert.Single((await feed.BuildAsync(TestContext.Current.CancellationToken)).Channels);
        Assert.Equal((Core.Usage.AbortPolicy.Drain, false), (entry.OnClientAbort, entry.TrustsUsage));
    }
}
