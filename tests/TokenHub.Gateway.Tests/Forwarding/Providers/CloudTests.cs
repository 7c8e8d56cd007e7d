using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using TokenHub.TestKit.Servers;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Providers;

/// <summary>Channels whose token an issuer gives, and Azure's and Vertex' own ways.</summary>
[Trait("needs", "redis")]
public sealed class CloudTests : IAsyncLifetime
{
    private readonly ScriptedUpstream _issuer = ScriptedUpstream.Start();
    private readonly RSA _key = RSA.Create(2048);
    private GatewayRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await GatewayRig.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _issuer.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task Claude_on_vertex_is_called_with_a_token_for_which_the_account_has_signed()
    {
        _issuer.Enqueue(TokenOf("ya29.first"));
        var upstream = await AddAsync(Provider.Vertex, "google_service_account", Account(), "claude-sonnet-4-5@20250929");
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.MessagesStream));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, """{"input_tokens":9}"""));
        var caller = await _rig.AddCallerAsync();

        using var stream = await caller.PostAsync("/v1/messages?beta=true", Wire.MessagesStreamBody, "anthropic-beta: b-1");
        using var whole = await caller.PostAsync("/v1/messages", Wire.MessagesBody);
        using var count = await caller.PostAsync("/v1/messages/count_tokens", Wire.MessagesBody);

        Assert.Equal(Wire.MessagesStream, await stream.Content.ReadAsStringAsync());
        Assert.Equal(Wire.MessagesAnswer, await whole.Content.ReadAsStringAsync());
        Assert.Equal("""{"input_tokens":9}""", await count.Content.ReadAsStringAsync());
        const string Root = "/v1/projects/proj-1/locations/europe-west1/publishers/anthropic/models/";
        Assert.Equal(
            [Root + "claude-sonnet-4-5@20250929:streamRawPredict", Root + "claude-sonnet-4-5@20250929:rawPredict", Root + "count-tokens:rawPredict"],
            upstream.Requests.Select(r => r.Target));
        Assert.Equal("""{"anthropic_version":"vertex-2023-10-16","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"Hello there"}]}""", upstream.Requests[0].BodyText);
        Assert.Contains("\"model\":\"claude-sonnet-4-5@20250929\"", upstream.Requests[2].BodyText, StringComparison.Ordinal);
        Assert.Equal("b-1", upstream.Requests[0].Header("anthropic-beta"));
        Assert.All(upstream.Requests, r => Assert.Equal("Bearer ya29.first", r.Header("authorization")));
        AssertAssertion(Assert.Single(_issuer.Requests));
    }

    [Fact]
    public async Task Gemini_on_vertex_is_called_at_its_publishers_path()
    {
        _issuer.Enqueue(TokenOf("ya29.first"));
        var upstream = await AddAsync(Provider.Vertex, "google_service_account", Account(), "gemini-2.5-pro");
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.GeminiStream));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1beta/models/m:streamGenerateContent?alt=sse", Wire.GeminiBody);

        Assert.Equal(Wire.GeminiStream, await response.Content.ReadAsStringAsync());
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/projects/proj-1/locations/europe-west1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse", seen.Target);
        Assert.Equal(Wire.GeminiBody, seen.BodyText);
    }

    [Fact]
    public async Task Error_of_claude_on_vertex_is_told_in_anthropics_words()
    {
        _issuer.Enqueue(TokenOf("t"));
        var upstream = await AddAsync(Provider.Vertex, "google_service_account", Account(), "claude-x");
        upstream.Enqueue(ScriptedUpstreamScript.Answer(400, """{"error":{"code":400,"message":"{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"max_tokens is too large\"}}","status":"INVALID_ARGUMENT"}}"""));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages", Wire.MessagesBody);

        Assert.Equal("max_tokens is too large", await Dialects.AssertErrorAsync("messages", response, 400, "invalid_request_error"));
    }

    [Fact]
    public async Task Azure_is_called_with_a_token_of_entra_at_a_classic_deployment()
    {
        _issuer.Enqueue(TokenOf("entra-1"));
        var secret = Json(("type", "entra"), ("tenant_id", "ten"), ("client_id", "cl"), ("client_secret", "se+cret"), ("token_url", _issuer.Url + "/ten/oauth2/v2.0/token"));
        var upstream = await AddAsync(Provider.Azure, "entra", secret, "my deployment", e => e with { ApiVersion = "2024-10-21" });
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.ChatStream));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);

        Assert.Equal(Wire.ChatStreamSeen, await response.Content.ReadAsStringAsync());
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21", seen.Target);
        Assert.Equal("Bearer entra-1", seen.Header("authorization"));
        Assert.Null(seen.Header("api-key"));
        Assert.Contains("client_secret=se%2Bcret", Assert.Single(_issuer.Requests).BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_token_is_renewed_and_the_call_made_once_more()
    {
        _issuer.Enqueue(TokenOf("old")).Enqueue(TokenOf("new", ",\"refresh_token\":\"r-2\"")).Enqueue(TokenOf("third"));
        var upstream = await AddRefreshAsync();
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        upstream.Default = request => request.Header("authorization") == "Bearer old"
            ? ScriptedUpstreamScript.Answer(401, """{"error":{"message":"expired"}}""")
            : ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();
        using (var first = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)first.StatusCode);
        }

        var issuedBefore = DateTimeOffset.UtcNow;

        // Refused at once: a token so young is not to blame.
        using (var young = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(503, (int)young.StatusCode);
        }

        Assert.Single(_issuer.Requests);

        // By the clock that the age is read from: a timer may be some milliseconds ahead of it.
        while (DateTimeOffset.UtcNow - issuedBefore <= Gateway.Forwarding.Providers.TokenSource.RefusedAgeMin)
        {
            await Task.Delay(50);
        }

        using (var late = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.True(late.IsSuccessStatusCode, await late.Content.ReadAsStringAsync());
        }

        Assert.Equal(["r-1", "r-1"], _issuer.Requests.Select(r => Field(r, "refresh_token")));
        Assert.Equal("Bearer new", upstream.Requests[^1].Header("authorization"));
    }

    [Theory]
    [InlineData("""{"error":"invalid_grant"}""", 400)]
    [InlineData("<html>", 502)]
    public async Task Issuer_that_refuses_leaves_the_call_to_the_next_channel(string body, int status)
    {
        _issuer.Enqueue(ScriptedUpstreamScript.Answer(status, body));
        var without = await AddRefreshAsync(e => e with { Priority = 1 });
        var with = await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        with.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        Assert.Equal(Wire.ChatAnswer, await response.Content.ReadAsStringAsync());
        Assert.Empty(without.Requests);
        Assert.Single(with.Requests);
    }

    [Fact]
    public async Task Replaced_refresh_token_is_stored_and_makes_no_other_credential()
    {
        _issuer.Enqueue(TokenOf("one", ",\"refresh_token\":\"r-2\""));
        var upstream = await AddRefreshAsync();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();
        using (var first = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody))
        {
            Assert.Equal(200, (int)first.StatusCode);
        }

        await Probe.UntilAsync(() => !_rig.Plane.Replaced.IsEmpty, TimeSpan.FromSeconds(10), "the new token is reported");
        var replaced = Assert.Single(_rig.Plane.Replaced);
        var entry = Entries.Channel(1, upstream.Url, Provider.OpenAi);
        Assert.True(Entries.Box.TryOpen(replaced.Sealed, entry.CredentialContext, out var secret));
        Assert.Contains("\"refresh_token\":\"r-2\"", Encoding.UTF8.GetString(secret), StringComparison.Ordinal);

        // The snapshot that comes of it has the same credential: nothing is fetched anew.
        await _rig.PublishAsync(Entries.Snapshot(
            [entry with { CredentialType = "oauth_refresh", SealedCredential = replaced.Sealed }], GatewayRig.Price));
        using var second = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
        Assert.Equal(200, (int)second.StatusCode);
        Assert.Single(_issuer.Requests);
    }

    [Fact]
    public async Task Token_outlives_a_change_of_the_channel_but_not_of_its_credential()
    {
        _issuer.Enqueue(TokenOf("one")).Enqueue(TokenOf("two"));
        var upstream = await AddRefreshAsync();
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer);
        var caller = await _rig.AddCallerAsync();
        var entry = Refresh(Entries.Channel(1, upstream.Url, Provider.OpenAi));
        foreach (var (changed, token) in new[] { (entry, "one"), (entry with { Weight = 7 }, "one"), (Refresh(entry), "one"), (Refresh(entry, "c2"), "two") })
        {
            if (upstream.Requests.Count > 0)
            {
                await _rig.PublishAsync(Entries.Snapshot([changed], GatewayRig.Price));
            }
            else
            {
                await _rig.PublishAsync(Entries.Snapshot([entry], GatewayRig.Price));
            }

            using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);
            Assert.Equal("Bearer " + token, upstream.Requests[^1].Header("authorization"));
        }

        Assert.Equal(2, _issuer.Requests.Count);
    }

    [Fact]
    public async Task Channels_own_headers_are_sent_and_take_the_place_of_the_clients()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAiCompatible, ["m"], entry => entry with
        {
            SealedHeaders = Entries.Box.Seal(
                """{"HTTP-Referer":"https://hub.example","x-session-id":"ours","x-secret":"header-secret-123"}"""u8, entry.HeadersContext),
        });
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        upstream.Enqueue(ScriptedUpstreamScript.Answer(400, """{"error":{"message":"Bad header-secret-123."}}"""));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody, "x-session-id: theirs", "session-id: s");
        using var refused = await caller.PostAsync("/v1/chat/completions", Wire.ChatBody);

        var seen = upstream.Requests[0];
        Assert.Equal(("https://hub.example", "ours", "s"), (seen.Header("http-referer"), seen.Header("x-session-id"), seen.Header("session-id")));
        Assert.DoesNotContain("header-secret", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private Task<ScriptedUpstream> AddRefreshAsync(Func<ChannelEntry, ChannelEntry>? change = null) =>
        _rig.AddUpstreamAsync(Provider.OpenAi, ["m"], entry => Refresh(change is null ? entry : change(entry)));

    private ChannelEntry Refresh(ChannelEntry entry) => Refresh(entry, "c");

    private ChannelEntry Refresh(ChannelEntry entry, string client) => WithSecret(entry, "oauth_refresh", Json(
        ("type", "oauth_refresh"), ("token_url", _issuer.Url + "/token"), ("client_id", client), ("refresh_token", "r-1")));

    private Task<ScriptedUpstream> AddAsync(
        Provider provider, string type, string secret, string model, Func<ChannelEntry, ChannelEntry>? change = null) =>
        _rig.AddUpstreamAsync(provider, ["m"], entry =>
        {
            entry = WithSecret(entry, type, secret) with { ModelMap = new Dictionary<string, string> { ["m"] = model } };
            return change is null ? entry : change(entry);
        });

    private static ChannelEntry WithSecret(ChannelEntry entry, string type, string secret) => entry with
    {
        CredentialType = type,
        SealedCredential = Entries.Box.Seal(Encoding.UTF8.GetBytes(secret), entry.CredentialContext),
    };

    private string Account() => Json(
        ("type", "google_service_account"), ("client_email", "svc@proj-1.iam.gserviceaccount.com"),
        ("private_key", _key.ExportPkcs8PrivateKeyPem()), ("private_key_id", "kid-1"), ("project_id", "proj-1"),
        ("region", "europe-west1"), ("token_uri", _issuer.Url + "/token"));

    private void AssertAssertion(ScriptedUpstreamRequest request)
    {
        Assert.Equal("application/x-www-form-urlencoded", request.Header("content-type"));
        var parts = Field(request, "assertion").Split('.');
        Assert.True(_key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]),
            HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
        Assert.Equal("svc@proj-1.iam.gserviceaccount.com", claims.RootElement.GetProperty("iss").GetString());
    }

    private static string Field(ScriptedUpstreamRequest request, string name) => Uri.UnescapeDataString(
        request.BodyText.Split('&').Single(p => p.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..]);

    private static ScriptedUpstreamScript TokenOf(string token, string more = "") => ScriptedUpstreamScript.Answer(
        200, $"{{\"access_token\":\"{token}\",\"expires_in\":3599,\"token_type\":\"Bearer\"{more}}}");

    private static string Json(params (string Name, string Value)[] fields)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (name, value) in fields)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
