using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding;

/// <summary>Calls that are never translated, and counts of tokens whoever serves the model.</summary>
[Trait("needs", "redis")]
public sealed class PassedOnTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private const string Embedding =
        """{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AAAA"}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}""";

    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [InlineData("/v1/embeddings", """{"model":"M","input":"hello"}""", Embedding, 8, false)]
    [InlineData("/v1/embeddings", """{"model":"M","input":["hello there"],"stream":true}""", """{"data":[{"embedding":[0.1]}],"model":"m"}""", 4, true)]
    [InlineData("/v1/rerank", """{"model":"M","query":"q","documents":["a","b"]}""", """{"id":"r","results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":12}}""", 12, false)]
    public async Task Embeddings_and_rerankings_pass_as_they_are_and_are_charged_by_their_input(
        string path, string body, string answer, long tokens, bool isCounted)
    {
        var (model, upstream) = await AddAsync(Provider.OpenAi);
        await AddAsync(Provider.Anthropic, model);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, answer);
        var caller = await _rig.AddCallerAsync();
        body = body.Replace("M", model, StringComparison.Ordinal);

        using var response = await caller.PostAsync(path, body);

        Assert.Equal(answer, await response.Content.ReadAsStringAsync());
        var request = Assert.Single(upstream.Requests);
        Assert.Equal((path, body), (request.Target, request.BodyText));
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal((Outcome.Completed, isCounted), (record.Outcome, record.IsCounted));
        Assert.Equal((tokens, 0L), (record.Usage.Input, record.Usage.Output));
        Assert.True(record.Cost > Usd.Zero);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Fact]
    public async Task Channel_without_embeddings_is_not_asked_and_what_has_no_price_is_refused()
    {
        var (model, upstream) = await AddAsync(Provider.Anthropic);
        var (sounding, second) = await AddAsync(Provider.OpenAi);
        var caller = await _rig.AddCallerAsync();

        using var other = await caller.PostAsync("/v1/embeddings", $$"""{"model":"{{model}}","input":"a"}""");
        using var image = await caller.PostAsync("/v1/images/generations", $$"""{"model":"{{sounding}}","prompt":"a"}""");
        using var speech = await caller.PostAsync("/v1/audio/speech", $$"""{"model":"{{sounding}}","input":"a"}""");
        using var elsewhere = await caller.PostAsync("/v1/audio/speech", $$"""{"model":"{{model}}","input":"a"}""");

        await Dialects.AssertErrorAsync("chat", other, 404, "invalid_request_error");
        await Dialects.AssertErrorAsync("chat", elsewhere, 404, "invalid_request_error");
        foreach (var response in new[] { image, speech })
        {
            Assert.Contains("no price", await Dialects.AssertErrorAsync("chat", response, 400, "invalid_request_error"), StringComparison.Ordinal);
        }

        Assert.Empty(upstream.Requests);
        Assert.Empty(second.Requests);
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"M","messages":[{"role":"user","content":"How many tokens has this?"}]}""", "input_tokens", Provider.OpenAi)]
    [InlineData("/v1/messages/count_tokens", """{"model":"M","messages":[{"role":"user","content":"How many tokens has this?"}]}""", "input_tokens", Provider.Gemini)]
    [InlineData("/v1beta/models/M:countTokens", """{"contents":[{"parts":[{"text":"How many tokens has this?"}]}]}""", "totalTokens", Provider.Anthropic)]
    [InlineData("/v1/responses/input_tokens", """{"model":"M","input":"How many tokens has this?"}""", "input_tokens", Provider.Anthropic)]
    public async Task Tokens_of_a_model_of_another_protocol_are_counted_here(string path, string body, string member, Provider provider)
    {
        var (model, upstream) = await AddAsync(provider);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            path.Replace("M:", model + ":", StringComparison.Ordinal), body.Replace("\"M\"", $"\"{model}\"", StringComparison.Ordinal));

        Assert.InRange((await response.JsonAsync()).GetProperty(member).GetInt64(), 5, 30);
        Assert.Empty(upstream.Requests);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [InlineData("/v1/messages/count_tokens", """{"model":"M","messages":[{"role":"user","content":"How many tokens has this?"}]}""", "input_tokens", Provider.Bedrock)]
    [InlineData("/v1/messages/count_tokens", """{"model":"M","messages":[{"role":"user","content":"How many tokens has this?"}]}""", "input_tokens", Provider.OpenAiCompatible)]
    [InlineData("/v1/messages/count_tokens", """{"model":"M","messages":[{"role":"user","content":"How many tokens has this?"}]}""", "input_tokens", Provider.DeepSeek)]
    [InlineData("/v1beta/models/M:countTokens", """{"contents":[{"parts":[{"text":"How many tokens has this?"}]}]}""", "totalTokens", Provider.OpenAi)]
    [InlineData("/v1/responses/input_tokens", """{"model":"M","input":"How many tokens has this?"}""", "input_tokens", Provider.Gemini)]
    public async Task Tokens_are_counted_here_for_every_other_upstream(string path, string body, string member, Provider provider) =>
        await Tokens_of_a_model_of_another_protocol_are_counted_here(path, body, member, provider);

    [Theory]
    [InlineData(404, """{"error":{"message":"no such path"}}""")]
    [InlineData(500, """{"type":"error","error":{"type":"api_error","message":"no"}}""")]
    [InlineData(429, """{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}""")]
    public async Task Tokens_are_counted_here_where_the_upstream_cannot(int status, string answer)
    {
        var (model, upstream) = await AddAsync(Provider.Anthropic);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(status, answer);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/messages/count_tokens", $$"""{"model":"{{model}}","messages":[{"role":"user","content":"How many tokens has this?"}]}""");

        Assert.Equal(200, (int)response.StatusCode);
        Assert.InRange((await response.JsonAsync()).GetProperty("input_tokens").GetInt64(), 5, 30);
        Assert.NotEmpty(upstream.Requests);
    }

    [Fact]
    public async Task Count_of_a_bad_request_is_refused_in_the_upstreams_words()
    {
        var (model, upstream) = await AddAsync(Provider.Anthropic);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(
            400, """{"type":"error","error":{"type":"invalid_request_error","message":"messages: too short"},"request_id":"req_1"}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages/count_tokens", $$"""{"model":"{{model}}","messages":[]}""");

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("too short", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_counted_by_the_upstream_where_it_does()
    {
        var (model, upstream) = await AddAsync(Provider.Anthropic);
        await AddAsync(Provider.OpenAi, model);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, """{"input_tokens":77}""");
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/messages/count_tokens", $$"""{"model":"{{model}}","messages":[]}""");

        Assert.Equal("""{"input_tokens":77}""", await response.Content.ReadAsStringAsync());
        Assert.Equal("/v1/messages/count_tokens", Assert.Single(upstream.Requests).Target);
    }

    [Fact]
    public async Task Thought_of_another_upstream_never_reaches_one_of_the_clients_own_protocol()
    {
        var (model, upstream) = await AddAsync(Provider.Anthropic);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer);
        var caller = await _rig.AddCallerAsync();
        var carrier = Protocols.Chat.OpaqueCarrier.Write(
            new Protocols.Chat.OpaqueItem(Dialect.Responses, "gpt", Protocols.Chat.OpaqueKind.Reasoning, "gAAAA", "rs_1"));
        var body = $$"""{"model":"{{model}}","max_tokens":100,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"SIG"}, {"type":"text","text":"a"}]}]}""";

        using var mixed = await caller.PostAsync("/v1/messages", body.Replace("SIG", carrier, StringComparison.Ordinal));
        using var own = await caller.PostAsync("/v1/messages", body);

        Assert.Equal(200, (int)mixed.StatusCode);
        Assert.Equal(
            $$"""{"model":"{{model}}","max_tokens":100,"messages":[{"role":"assistant","content":[ {"type":"text","text":"a"}]}]}""",
            upstream.Requests[0].BodyText);
        Assert.Equal(body, upstream.Requests[1].BodyText);
    }

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(Provider provider, string? model = null)
    {
        model ??= $"passed-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(provider, [model]));
    }
}
