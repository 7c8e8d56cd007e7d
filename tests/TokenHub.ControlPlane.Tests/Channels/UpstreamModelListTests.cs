using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Keys;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Channels;

/// <summary>What an upstream lists, and tries of channels whose calls are signed or need a token.</summary>
public sealed class UpstreamModelListTests(Servers servers)
{
    [Theory]
    [InlineData("openai", "", "/v1/models", "authorization", "Bearer k-0123456789", """{"object":"list","data":[{"id":"gpt-b"},{"id":"gpt-a","object":"model"}]}""", "gpt-a,gpt-b")]
    [InlineData("openai_compatible", "/api/v1", "/api/v1/models", "authorization", "Bearer k-0123456789", """[{"id":"meta/llama"},{"name":"x"},"plain",7,{"a":1}]""", "meta/llama,plain,x")]
    [InlineData("anthropic", "", "/v1/models?limit=1000", "x-api-key", "k-0123456789", """{"data":[{"type":"model","id":"claude-x","display_name":"Claude X"}],"has_more":false}""", "claude-x")]
    [InlineData("gemini", "", "/v1beta/models?pageSize=1000", "x-goog-api-key", "k-0123456789", """{"models":[{"name":"models/gemini-x","displayName":"Gemini X"}]}""", "gemini-x")]
    [InlineData("azure", "", "/openai/deployments?api-version=2022-12-01", "api-key", "k-0123456789", """{"data":[{"id":"my-deployment","model":"gpt-4o"}]}""", "my-deployment")]
    public async Task Models_are_listed_in_the_providers_own_way(
        string provider, string basePath, string target, string header, string value, string answer, string ids)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, answer));

        var result = await ListAsync(upstream, provider, new { type = "api_key", api_key = "k-0123456789" }, basePath);

        Assert.True(result.Bool("ok"), result.GetRawText());
        Assert.Equal(ids, string.Join(',', result.At("models").EnumerateArray().Select(m => m.Str("id"))));
        var request = Assert.Single(upstream.Requests);
        Assert.Equal(("GET", target), (request.Method, request.Target));
        Assert.Equal(value, request.Header(header));
    }

    [Fact]
    public async Task Azure_without_a_list_of_deployments_is_asked_for_its_models()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(404, """{"error":{"message":"gone"}}"""));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, """{"data":[{"id":"gpt-4o"}]}"""));

        var result = await ListAsync(upstream, "azure", new { type = "api_key", api_key = "k-0123456789" });

        Assert.Equal("gpt-4o", Assert.Single(result.At("models").EnumerateArray()).Str("id"));
        Assert.Equal("/openai/v1/models", upstream.Requests[1].Target);
    }

    [Fact]
    public async Task Bedrock_lists_models_and_profiles_over_signed_calls()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, """{"modelSummaries":[{"modelId":"amazon.nova-pro-v1:0","modelName":"Nova Pro","inferenceTypesSupported":["ON_DEMAND"]},{"modelId":"anthropic.claude-x-v1:0","inferenceTypesSupported":["INFERENCE_PROFILE"]}]}"""));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, """{"inferenceProfileSummaries":[{"inferenceProfileId":"eu.anthropic.claude-x-v1:0","inferenceProfileName":"EU Claude X"}]}"""));

        var result = await ListAsync(upstream, "bedrock", Aws);

        Assert.Equal(
            ["amazon.nova-pro-v1:0 Nova Pro", "eu.anthropic.claude-x-v1:0 EU Claude X"],
            result.At("models").EnumerateArray().Select(m => $"{m.Str("id")} {m.Str("name")}"));
        Assert.Equal(["/foundation-models", "/inference-profiles?maxResults=1000"], upstream.Requests.Select(r => r.Target));
        Assert.All(upstream.Requests, r => Assert.Matches(
            "^AWS4-HMAC-SHA256 Credential=AKID/[0-9]{8}/eu-west-1/bedrock/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$",
            r.Header("authorization")!));
    }

    [Fact]
    public async Task Vertex_lists_what_its_publishers_offer_and_is_tried_with_a_token()
    {
        using var key = RSA.Create(2048);
        await using var issuer = ScriptedUpstream.Start();
        issuer.Default = _ => ScriptedUpstreamScript.Answer(200, """{"access_token":"ya29.token","expires_in":3599}""");
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, """{"publisherModels":[{"name":"publishers/google/models/gemini-x","versionId":"1"}]}"""));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(403, "{}"));
        upstream.Enqueue(ScriptedUpstreamScript.Stream("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"OK\"}}\n\n"));
        var credential = new
        {
            type = "google_service_account",
            client_email = "a@p.iam",
            private_key = key.ExportPkcs8PrivateKeyPem(),
            project_id = "p1",
            region = "europe-west1",
            token_uri = issuer.Url + "/token",
        };
        var id = await MakeAsync(upstream, "vertex", credential, "");

        var listed = (await servers.Shared.Admin.PostAsync($"/api/v1/channels/{id}/upstream-models", null)).Expect(HttpStatusCode.OK).Json;
        var tried = (await servers.Shared.Admin.PostAsync($"/api/v1/channels/{id}/test", new { model = "claude-x" })).Expect(HttpStatusCode.OK).Json;

        Assert.Equal("gemini-x", Assert.Single(listed.At("models").EnumerateArray()).Str("id"));
        Assert.True(tried.Bool("ok"), tried.GetRawText());
        Assert.Equal("/v1/projects/p1/locations/europe-west1/publishers/anthropic/models/claude-x:streamRawPredict", upstream.Requests[2].Target);
        Assert.Contains("vertex-2023-10-16", upstream.Requests[2].BodyText, StringComparison.Ordinal);
        Assert.All(upstream.Requests, r => Assert.Equal("Bearer ya29.token", r.Header("authorization")));
    }

    [Theory]
    [InlineData("eu.anthropic.claude-x-v1:0", "/model/eu.anthropic.claude-x-v1%3A0/invoke-with-response-stream", true)]
    [InlineData("amazon.nova-pro-v1:0", "/model/amazon.nova-pro-v1%3A0/converse-stream", false)]
    public async Task Bedrock_is_tried_by_its_frames(string model, string target, bool isClaude)
    {
        await using var upstream = ScriptedUpstream.Start();
        var frame = isClaude
            ? EventStreamFrames.Chunk("""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"OK"}}""")
            : EventStreamFrames.Event("contentBlockDelta", """{"contentBlockIndex":0,"delta":{"text":"OK"}}""");
        upstream.Enqueue(ScriptedUpstreamScript
            .Head(200, "content-type: application/vnd.amazon.eventstream", "transfer-encoding: chunked").Chunk(frame).EndChunks());
        var id = await MakeAsync(upstream, "bedrock", Aws, "");

        var result = (await servers.Shared.Admin.PostAsync($"/api/v1/channels/{id}/test", new { model })).Expect(HttpStatusCode.OK).Json;

        Assert.True(result.Bool("ok"), result.GetRawText());
        Assert.Equal(target, Assert.Single(upstream.Requests).Target);
    }

    [Fact]
    public async Task Refusal_is_told_without_what_is_secret()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(403, """{"message":"AKID secret-of-aws-0123 is not allowed"}""");

        var result = await ListAsync(upstream, "bedrock", Aws);

        Assert.False(result.Bool("ok"));
        Assert.Equal(403, result.Int("status"));
        Assert.Empty(result.At("models").EnumerateArray());
        Assert.DoesNotContain("secret-of-aws", result.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html>")]
    [InlineData("{\"data\":{}}")]
    [InlineData("")]
    public async Task Answer_that_is_no_list_is_said_to_be_none(string answer)
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, answer));

        var result = await ListAsync(upstream, "openai", new { type = "api_key", api_key = "k-0123456789" });

        Assert.Equal((false, "The upstream's answer is no list of models."), (result.Bool("ok"), result.Str("error")));
    }

    [Fact]
    public async Task Endless_list_is_read_to_a_bound()
    {
        await using var upstream = ScriptedUpstream.Start();
        upstream.Enqueue(Enumerable.Range(0, 100).Aggregate(
            ScriptedUpstreamScript.StreamHead().Chunk("{\"data\":["),
            (script, i) => script.Chunk($"{{\"id\":\"m{i}\",\"x\":\"{new string('x', 100_000)}\"}},")).Hang());

        var result = await ListAsync(upstream, "openai", new { type = "api_key", api_key = "k-0123456789" });

        Assert.False(result.Bool("ok"));
    }

    [Fact]
    public async Task Refresh_token_that_is_replaced_is_kept_for_the_next_call()
    {
        await using var issuer = ScriptedUpstream.Start();
        issuer.Enqueue(ScriptedUpstreamScript.Answer(200, """{"access_token":"one","refresh_token":"r-2"}"""));
        issuer.Enqueue(ScriptedUpstreamScript.Answer(200, """{"access_token":"two"}"""));
        await using var upstream = ScriptedUpstream.Start();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, """{"data":[{"id":"m"}]}""");
        var id = await MakeAsync(upstream, "openai", new
        {
            type = "oauth_refresh",
            token_url = issuer.Url + "/token",
            client_id = "c",
            refresh_token = "r-1",
        }, "");

        for (var i = 0; i < 2; i++)
        {
            var result = (await servers.Shared.Admin.PostAsync($"/api/v1/channels/{id}/upstream-models", null)).Expect(HttpStatusCode.OK).Json;
            Assert.True(result.Bool("ok"), result.GetRawText());
        }

        Assert.Contains("refresh_token=r-1", issuer.Requests[0].BodyText, StringComparison.Ordinal);
        Assert.Contains("refresh_token=r-2", issuer.Requests[1].BodyText, StringComparison.Ordinal);
        Assert.Equal(["Bearer one", "Bearer two"], upstream.Requests.Select(r => r.Header("authorization")));
    }

    [Fact]
    public async Task Gateway_has_a_replaced_credential_stored_unless_another_is_by_now()
    {
        await using var plane = await Plane.StartAsync(servers);
        var made = (await plane.Admin.PostAsync("/api/v1/channels", new
        {
            name = "c",
            provider = "openai",
            base_url = "https://api.example.com",
            credential = new { type = "oauth_refresh", token_url = "https://id.example.com/t", client_id = "c", refresh_token = "r-1" },
            models = new[] { "m" },
        })).Expect(HttpStatusCode.Created);
        var id = long.Parse(made.Text("id")[4..], null);
        var box = new SecretBox(plane.Options.MasterKey);
        var gateway = plane.With(Plane.Token);
        async Task<string> StoredAsync() =>
            JsonSerializer.Deserialize<JsonElement>((await gateway.GetAsync("/internal/v1/snapshot")).Content)
                .At("channels")[0].Str("sealed_credential")!;
        string Of(string token) => box.Seal(
            JsonSerializer.SerializeToUtf8Bytes(new { type = "oauth_refresh", token_url = "https://id.example.com/t", client_id = "c", refresh_token = token }),
            $"channels/credential/{id}/0");
        var first = await StoredAsync();
        var second = Of("r-2");

        var kept = await gateway.PostAsync("/internal/v1/channels/credential", new { channel = id, before = first, @sealed = second });
        var late = await gateway.PostAsync("/internal/v1/channels/credential", new { channel = id, before = first, @sealed = Of("r-3") });
        var broken = await gateway.PostAsync("/internal/v1/channels/credential", new { channel = id, before = second, @sealed = "v1.x" });
        var outside = await plane.Anyone.PostAsync("/internal/v1/channels/credential", new { channel = id, before = second, @sealed = second });

        Assert.True(kept.Expect(HttpStatusCode.OK).Json.Bool("kept"));
        Assert.False(late.Expect(HttpStatusCode.OK).Json.Bool("kept"));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized), (broken.Status, outside.Status));
        Assert.Equal(second, await StoredAsync());
    }

    private static object Aws => new
    {
        type = "aws",
        access_key_id = "AKID",
        secret_access_key = "secret-of-aws-0123",
        region = "eu-west-1",
    };

    private async Task<JsonElement> ListAsync(
        ScriptedUpstream upstream, string provider, object credential, string basePath = "")
    {
        var id = await MakeAsync(upstream, provider, credential, basePath);
        return (await servers.Shared.Admin.PostAsync($"/api/v1/channels/{id}/upstream-models", null))
            .Expect(HttpStatusCode.OK).Json;
    }

    private async Task<string> MakeAsync(
        ScriptedUpstream upstream, string provider, object credential, string basePath) =>
        (await servers.Shared.Admin.PostAsync("/api/v1/channels", new
        {
            name = "list",
            provider,
            base_url = upstream.Url + basePath,
            credential,
            models = new[] { "*" },
        })).Expect(HttpStatusCode.Created).Text("id");
}
