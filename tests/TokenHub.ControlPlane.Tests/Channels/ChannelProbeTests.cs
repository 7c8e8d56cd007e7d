using System.Net;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Channels;

public sealed class ChannelProbeTests(Servers servers)
{
    private const string Key = "upstream-key-0123456789";

    private const string Chat =
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
        + "data: {\"choices\":[{\"delta\":{\"content\":\"OK\"}}]}\n\ndata: [DONE]\n\n";

    private const string Messages =
        "event: content_block_delta\n"
        + "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"OK\"}}\n\n";

    private const string Gemini =
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"OK\"}],\"role\":\"model\"}}]}\n\n";

    [Theory]
    [InlineData("openai", "", "/v1/chat/completions", "authorization", "Bearer " + Key, Chat)]
    [InlineData("openai", "/v1", "/v1/chat/completions", "authorization", "Bearer " + Key, Chat)]
    [InlineData("openai_compatible", "/api/v4", "/api/v4/chat/completions", "authorization", "Bearer " + Key, Chat)]
    [InlineData("deepseek", "", "/v1/chat/completions", "authorization", "Bearer " + Key, Chat)]
    [InlineData("azure", "", "/openai/v1/chat/completions", "api-key", Key, Chat)]
    [InlineData("azure", "/openai", "/openai/v1/chat/completions", "api-key", Key, Chat)]
    [InlineData("anthropic", "", "/v1/messages", "x-api-key", Key, Messages)]
    [InlineData("gemini", "", "/v1beta/models/served:streamGenerateContent?alt=sse", "x-goog-api-key", Key, Gemini)]
    public async Task Try_is_a_tiny_request_in_the_providers_own_dialect(
        string provider, string basePath, string target, string header, string value, string answer)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Stream(answer));

        var result = await TestAsync(upstream, provider, basePath);

        Assert.True(result.Bool("ok"), result.GetRawText());
        Assert.InRange(result.Long("ttft_ms"), 0, 20_000);
        Assert.True(result.IsNull("error"));
        var request = Assert.Single(upstream.Requests);
        Assert.Equal(("POST", target), (request.Method, request.Target));
        Assert.Equal(value, request.Header(header));
        var sent = provider == "gemini" ? "Say OK." : "\"model\":\"served\"";
        Assert.Contains(sent, request.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Error_of_the_upstream_is_shown_without_the_key_it_echoes()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(
            401, $$$"""{"error":{"message":"Incorrect API key provided: {{{Key}}}. See https://x.example/keys"}}"""));

        var result = await TestAsync(upstream, "openai");

        Assert.False(result.Bool("ok"));
        Assert.Equal(401, result.Int("status"));
        Assert.Contains("The upstream answered 401.", result.Str("error"), StringComparison.Ordinal);
        Assert.DoesNotContain(Key, result.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("x.example", result.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_without_content_is_not_ok()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Stream("data: {\"choices\":[{\"delta\":{}}]}\n\ndata: [DONE]\n\n"));

        var result = await TestAsync(upstream, "openai");

        Assert.False(result.Bool("ok"));
        Assert.Equal(200, result.Int("status"));
    }

    [Fact]
    public async Task Redirect_is_an_answer_like_any_other()
    {
        await using var target = ScriptedUpstream.Start();
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(302, "", "text/plain", $"location: {target.Url}/"));

        var result = await TestAsync(upstream, "openai");

        Assert.Equal(302, result.Int("status"));
        Assert.Equal(0, target.Connections);
    }

    [Fact]
    public async Task Upstream_that_is_not_there_is_named_as_such()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Refuse();

        var result = await TestAsync(upstream, "openai");

        Assert.Equal("No connection: ConnectionRefused.", result.Str("error"));
        Assert.True(result.IsNull("status"));
    }

    [Fact]
    public async Task Upstream_that_breaks_off_is_not_ok()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Reset());

        Assert.False((await TestAsync(upstream, "openai")).Bool("ok"));
    }

    [Fact]
    public async Task Channel_that_was_made_when_private_addresses_were_allowed_is_checked_again_at_the_connection()
    {
        await using var upstream = ScriptedUpstream.Start();
        var database = await servers.Postgres.CreateDatabaseAsync();
        var key = servers.Shared.Options.MasterKey;
        await using var open = await Plane.StartAsync(servers, o => o with { MasterKey = key }, database: database);
        var id = (await MakeAsync(open, upstream, "openai", "")).Text("id");
        await using var strict = await Plane.StartAsync(
            servers, o => o with { MasterKey = key, AllowPrivateUpstreams = false }, database: database);

        var result = (await strict.Admin.PostAsync($"/api/v1/channels/{id}/test", new { model = "m" })).Json;

        Assert.False(result.Bool("ok"));
        Assert.Contains("private or reserved address", result.Str("error"), StringComparison.Ordinal);
        Assert.Equal(0, upstream.Connections);
    }

    [Fact]
    public async Task Credential_under_another_master_key_is_said_to_be_unreadable()
    {
        await using var upstream = ScriptedUpstream.Start();
        var database = await servers.Postgres.CreateDatabaseAsync();
        await using var first = await Plane.StartAsync(servers, database: database);
        var id = (await MakeAsync(first, upstream, "openai", "")).Text("id");
        await using var second = await Plane.StartAsync(servers, database: database);

        var result = (await second.Admin.PostAsync($"/api/v1/channels/{id}/test", new { model = "m" })).Json;

        Assert.Contains("another master key", result.Str("error"), StringComparison.Ordinal);
    }

    private async Task<JsonElement> TestAsync(ScriptedUpstream upstream, string provider, string basePath = "")
    {
        var made = await MakeAsync(servers.Shared, upstream, provider, basePath);
        var answer = await servers.Shared.Admin.PostAsync(
            $"/api/v1/channels/{made.Text("id")}/test", new { model = "asked" });
        return answer.Expect(HttpStatusCode.OK).Json;
    }

    private static async Task<Answer> MakeAsync(
        Plane plane, ScriptedUpstream upstream, string provider, string basePath)
    {
        var made = await plane.Admin.PostAsync("/api/v1/channels", new
        {
            name = "probe",
            provider,
            base_url = upstream.Url + basePath,
            credential = new { type = "api_key", api_key = Key },
            models = new[] { "asked" },
            model_map = new Dictionary<string, string> { ["asked"] = "served" },
        });
        return made.Expect(HttpStatusCode.Created);
    }
}
