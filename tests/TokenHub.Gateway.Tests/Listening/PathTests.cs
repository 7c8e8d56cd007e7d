using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Listening;

[Trait("needs", "redis")]
public sealed class PathTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private readonly GatewayRig _rig = shared.Rig;

    [Theory]
    [InlineData("GET", "/", 404)]
    [InlineData("HEAD", "/api/hello", 404)]
    [InlineData("POST", "/v1/completions", 404)]
    [InlineData("GET", "/v1/responses/resp_1", 404)]
    [InlineData("DELETE", "/v1/messages", 405)]
    [InlineData("GET", "/v1/chat/completions", 405)]
    [InlineData("POST", "/v1/models", 405)]
    [InlineData("POST", "/healthz", 405)]
    public async Task Unknown_path_is_404_and_wrong_method_405_without_a_key(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_rig.Address, path));
        using var response = await _rig.Http.SendAsync(request);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.NotNull(response.Header("x-request-id"));
        if (method != "HEAD" && status == 404)
        {
            Assert.Contains("/v1/chat/completions", await Dialects.AssertErrorAsync("chat", response, 404, "invalid_request_error"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Websocket_on_responses_is_426_at_once()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_rig.Address, "/v1/responses"));
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        using var response = await _rig.Http.SendAsync(request);

        Assert.Equal(426, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("/v1/v1/messages")]
    [InlineData("//v1/messages")]
    [InlineData("/blue/v1/messages")]
    public async Task Paths_as_clients_make_them_from_odd_base_addresses_work(string path)
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.Anthropic, ["odd"], c => c with { Groups = ["blue"] });
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Wire.MessagesAnswer);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(path, Wire.MessagesBody.Replace("\"m\"", "\"odd\"", StringComparison.Ordinal));

        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task Unknown_group_is_404()
    {
        await _rig.AddUpstreamAsync(Provider.Anthropic, ["m"]);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/nowhere/v1/messages", Wire.MessagesBody);

        await Dialects.AssertErrorAsync("messages", response, 404, "not_found_error");
    }

    [Theory]
    [InlineData("a%2fb")]
    [InlineData("a%252fb")]
    [InlineData("..%2fb")]
    [InlineData("%E6%A8%A1")]
    public async Task Gemini_model_that_could_be_read_twice_is_400(string model)
    {
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync($"/v1beta/models/{model}:generateContent", Wire.GeminiBody);

        await Dialects.AssertErrorAsync("gemini", response, 400, "INVALID_ARGUMENT");
    }

    [Fact]
    public async Task Models_are_listed_in_the_dialect_that_the_headers_ask_for()
    {
        await _rig.AddUpstreamAsync(Provider.OpenAi, ["list-o"]);
        await _rig.AddUpstreamAsync(Provider.Anthropic, ["list-a"]);
        await _rig.AddUpstreamAsync(Provider.Gemini, ["list-g"]);
        var caller = await _rig.AddCallerAsync(change: key => key with { Models = ["list-*"] });

        using var openAi = await caller.SendAsync(HttpMethod.Get, "/v1/models");
        using var anthropic = await caller.SendAsync(HttpMethod.Get, "/v1/models?limit=1000", null, default, "anthropic-version: 2023-06-01");
        using var gemini = await caller.SendAsync(HttpMethod.Get, "/v1/models", null, default, "x-goog-api-client: genai");
        using var beta = await caller.SendAsync(HttpMethod.Get, "/v1beta/models");

        var list = await openAi.JsonAsync();
        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["list-a", "list-g", "list-o"], list.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()));
        var page = await anthropic.JsonAsync();
        Assert.False(page.GetProperty("has_more").GetBoolean());
        Assert.Equal(["list-a", "list-g", "list-o"], page.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()));
        foreach (var models in new[] { (await gemini.JsonAsync()).GetProperty("models"), (await beta.JsonAsync()).GetProperty("models") })
        {
            Assert.Equal(
                ["models/list-a", "models/list-g", "models/list-o"], models.EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        }
    }

    [Fact]
    public async Task One_model_is_shown_or_404()
    {
        await _rig.AddUpstreamAsync(Provider.OpenAi, ["one"]);
        var caller = await _rig.AddCallerAsync();

        using var found = await caller.SendAsync(HttpMethod.Get, "/v1/models/one");
        using var missing = await caller.SendAsync(HttpMethod.Get, "/v1/models/none");

        Assert.Equal("one", (await found.JsonAsync()).GetProperty("id").GetString());
        await Dialects.AssertErrorAsync("chat", missing, 404, "invalid_request_error");
    }

    [Fact]
    public async Task Health_readiness_and_metrics_answer_without_a_key()
    {
        var upstream = await _rig.AddUpstreamAsync(Provider.OpenAi, ["measured"]);
        upstream.Enqueue(ScriptedUpstreamScript.Answer(200, Wire.ChatAnswer));
        var caller = await _rig.AddCallerAsync();
        using var call = await caller.PostAsync(
            "/v1/chat/completions", Wire.ChatBody.Replace("\"m\"", "\"measured\"", StringComparison.Ordinal));
        await call.Content.ReadAsStringAsync();

        using var health = await _rig.Http.GetAsync(new Uri(_rig.Address, "/healthz"));
        using var ready = await _rig.Http.GetAsync(new Uri(_rig.Address, "/readyz"));
        var metrics = await _rig.Http.GetStringAsync(new Uri(_rig.Address, "/metrics"));

        Assert.Equal(200, (int)health.StatusCode);
        Assert.Equal(200, (int)ready.StatusCode);
        Assert.True((await ready.JsonAsync()).GetProperty("checks").GetProperty("redis").GetBoolean());
        Assert.Contains(
            "tokenhub_requests_total{protocol=\"chat\",model=\"measured\",provider=\"openai\",outcome=\"Completed\",status=\"200\"} 1",
            metrics,
            StringComparison.Ordinal);
        foreach (var money in (string[])
            [
                "tokenhub_reservations_open", "tokenhub_reservations_usd", "tokenhub_reservation_leaks_total 0",
                "tokenhub_settlement_queue_depth", "tokenhub_grace_requests_total 0", "tokenhub_grace_usd 0.00000000",
                "tokenhub_cost_usd_total{side=\"consumer\"}", "tokenhub_cost_usd_total{side=\"provider\"}",
                "tokenhub_cost_usd_total{side=\"platform\"}",
            ])
        {
            Assert.Contains("\n" + money, metrics, StringComparison.Ordinal);
        }

        Assert.All(
            metrics.Split('\n').Where(l => l.Length > 0 && l[0] != '#'),
            line => Assert.Matches("""^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.+\-E]+$""", line));
    }
}
