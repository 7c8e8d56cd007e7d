using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

[Trait("needs", "redis")]
public sealed class HeaderRulesTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly string[] Passing =
    [
        "anthropic-version: 2026-10-21", "anthropic-beta: a-2025,b-2026",
        "session-id: 1", "thread-id: 2", "x-session-id: 3", "x-client-request-id: 4", "x-codex-turn-metadata: {}",
        "x-claude-code-session-id: 5", "originator: codex_exec", "x-app: cli",
    ];

    private static readonly string[] Dropped =
    [
        "cookie: session=1", "openai-beta: responses=v1", "accept-encoding: gzip, br", "x-stainless-lang: js", "openai-organization: org-mine",
        "openai-project: proj_mine", "x-forwarded-for: 1.2.3.4", "x-real-ip: 1.2.3.4", "proxy-authorization: Basic eA==",
        "x-api-key: not-ours", "idempotency-key: 1", "x-goog-user-project: mine", "te: trailers", "via: 1.1 me",
        "anthropic-dangerous-direct-browser-access: true", "range: bytes=0-1", "if-none-match: x", "expect-ct: x",
    ];

    private readonly GatewayRig _rig = shared.Rig;

    [Fact]
    public async Task Only_headers_of_the_list_reach_the_upstream_and_its_key_replaces_the_clients()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.Anthropic, ["m"]);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages?beta=true&key=x", Wire.MessagesBody, [.. Passing, .. Dropped]);

        Assert.Equal(200, (int)response.StatusCode);
        var seen = Assert.Single(upstream.Requests);
        Assert.Equal("/v1/messages?beta=true", seen.Target);
        foreach (var header in Passing)
        {
            var parts = header.Split(": ", 2);
            Assert.Equal(parts[1], seen.Header(parts[0]));
        }

        string[] own = ["host", "content-length", "content-type", "accept", "user-agent", "x-api-key"];
        Assert.Equal(
            Passing.Select(h => h.Split(':')[0]).Concat(own).Order(StringComparer.Ordinal),
            seen.Headers.Select(h => h.Key.ToLowerInvariant()).Order(StringComparer.Ordinal));
        Assert.Equal("sk-upstream-secret-0123456789", seen.Header("x-api-key"));
    }

    [Fact]
    public async Task Version_header_is_added_where_the_client_sent_none()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.Anthropic, ["v"]);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/messages", Wire.MessagesBody.Replace("\"m\"", "\"v\"", StringComparison.Ordinal));

        Assert.Equal("2023-06-01", upstream.Requests[0].Header("anthropic-version"));
    }

    [Fact]
    public async Task Nothing_of_the_pooled_account_reaches_the_client()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["h"]);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(
            200, Wire.ChatAnswer, "application/json",
            "set-cookie: __cf_bm=1", "server: cloudflare", "x-ratelimit-limit-requests: 10", "openai-organization: org-x",
            "anthropic-organization-id: x", "anthropic-ratelimit-tokens-remaining: 5", "x-request-id: req_theirs", "cf-ray: 1",
            "strict-transport-security: x", "alt-svc: h3", "via: x", "openai-processing-ms: 12", "access-control-allow-origin: *"));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", "\"h\"", StringComparison.Ordinal));

        Assert.Equal(
            ["date", "openai-processing-ms", "x-request-id", "x-tokenhub-balance", "x-tokenhub-cost"],
            response.Headers.Select(h => h.Key.ToLowerInvariant()).Order(StringComparer.Ordinal));
        Assert.StartsWith("req_0", response.Header("x-request-id"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alias_takes_the_models_place_and_every_other_byte_stays()
    {
        const string Body = """{ "messages" : [ {"role":"user","content":"é\u00e9 model"} ],  "model" :"alias" , "unknown_field": [1.50, 1e3] }""";
        var upstream = await _rig.AddUpstreamAsync(
            Provider.OpenAi, ["alias"], c => c with { ModelMap = new Dictionary<string, string> { ["alias"] = "real-1" } });
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/chat/completions", Body);

        Assert.Equal(Body.Replace("\"alias\"", "\"real-1\"", StringComparison.Ordinal), upstream.Requests[0].BodyText);
    }
}
