using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Ledger.Quota;
using TokenHub.Redis;
using TokenHub.Redis.Channels;

namespace TokenHub.ControlPlane.Tests.Routing;

[Trait("needs", "postgres, redis")]
[Trait("row", "A20")]
public sealed class ExplainTests(Servers servers) : IAsyncLifetime
{
    private const string Path = "/api/v1/routing/explain";
    private static int s_names;

    private readonly string _model = $"explained-{Interlocked.Increment(ref s_names)}";
    private Plane _plane = null!;

    // Others' channels must not serve the models asked about.
    public async ValueTask InitializeAsync() => _plane = await Plane.StartAsync(servers);

    public ValueTask DisposeAsync() => _plane.DisposeAsync();

    [Fact]
    public async Task Order_prices_and_what_would_be_held_are_those_of_a_call()
    {
        var first = await ChannelAsync(priority: 5, concurrency: 7);
        var second = await ChannelAsync();
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "2", output = "10" });

        var answer = await ExplainAsync(new { model = _model, stream = true, input_tokens = 1000, max_tokens = 4000 });

        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("refusal").ValueKind);
        Assert.Equal(("weighted", "priority"), (answer.Text("policy"), answer.Text("reason")));
        Assert.Equal([first, second], Candidates(answer).Select(c => c.GetProperty("channel_id").GetString()));
        Assert.Equal([1, 2], Candidates(answer).Select(c => c.GetProperty("place").GetInt32()));
        Assert.Equal([1.0, 0.0], Candidates(answer).Select(c => c.GetProperty("first_share").GetDouble()));
        Assert.Equal(7, Candidates(answer)[0].GetProperty("slots_max").GetInt32());
        Assert.Equal("0.00732000", answer.Text("hold"));
        Assert.Contains("queue", answer.Json.GetProperty("unknown").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task Each_channel_left_out_is_told_with_its_reason()
    {
        var group = $"explained-{_model}";
        var (common, grouped, apart) = (await ChannelAsync(), await ChannelAsync(groups: [group]), await ChannelAsync(groups: [group + "x"]));
        await _plane.Admin.PostAsync("/api/v1/groups", new { name = group, price_factor = "2", policy = "fifo" });
        await _plane.Admin.PostAsync("/api/v1/groups", new { name = group + "x", in_common = false });
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "1", output = "1" });

        var plain = await ExplainAsync(new { model = _model });
        var prefixed = await ExplainAsync(new { model = _model, group, input_tokens = 0, max_tokens = 1_000_000 });

        var verdicts = Candidates(plain).ToDictionary(
            c => c.GetProperty("channel_id").GetString()!, c => c.GetProperty("verdict").GetString());
        Assert.Equal("out_of_scope", verdicts[apart]);
        Assert.Equal(["available", "other_group"], new[] { verdicts[common], verdicts[grouped] }.Order());
        Assert.InRange(Candidates(plain).Max(c => c.GetProperty("first_share").GetDouble()), 0.4, 0.6);

        Assert.Equal((group, "fifo", "2.00000000"), (prefixed.Text("group"), prefixed.Text("policy"), prefixed.Text("hold")));
        Assert.Equal(grouped, Candidates(prefixed)[0].GetProperty("channel_id").GetString());
        Assert.All(Candidates(prefixed).Skip(1), c => Assert.Equal("out_of_scope", c.GetProperty("verdict").GetString()));
    }

    [Fact]
    public async Task Key_narrows_the_candidates()
    {
        var (one, other) = (await ChannelAsync(), await ChannelAsync());
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "1", output = "1" });
        var key = await _plane.Admin.PostAsync("/api/v1/keys", new { name = "k", channels = new[] { other } });
        var blind = await _plane.Admin.PostAsync("/api/v1/keys", new { name = "k", models = new[] { "x" } });

        var answer = await ExplainAsync(new { model = _model, key_id = key.Text("id") });

        Assert.Equal("only_one", answer.Text("reason"));
        Assert.Equal([other, one], Candidates(answer).Select(c => c.GetProperty("channel_id").GetString()));
        Assert.Equal("out_of_scope", Candidates(answer)[1].GetProperty("verdict").GetString());
        Assert.Equal("model_not_allowed", (await ExplainAsync(new { model = _model, key_id = blind.Text("id") })).Text("refusal"));
    }

    [Fact]
    public async Task Bound_conversation_goes_to_its_channel_and_sticky_callers_to_theirs()
    {
        var group = $"sticky-{_model}";
        string[] channels = [await ChannelAsync(groups: [group]), await ChannelAsync(groups: [group]), await ChannelAsync(groups: [group])];
        await _plane.Admin.PostAsync("/api/v1/groups", new { name = group, policy = "sticky" });
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "1", output = "1" });

        foreach (var channel in channels)
        {
            var bound = await ExplainAsync(new { model = _model, conversation = channel });
            Assert.Equal(("bound", channel), (bound.Text("reason"), Candidates(bound)[0].GetProperty("channel_id").GetString()));
        }

        var sticky = await ExplainAsync(new { model = _model, group });
        Assert.Equal(("caller", 1.0), (sticky.Text("reason"), Candidates(sticky)[0].GetProperty("first_share").GetDouble()));
    }

    [Fact]
    public async Task Refusals_are_told_as_the_gateway_would_refuse()
    {
        await ChannelAsync();

        Assert.Equal("unknown_model", (await ExplainAsync(new { model = "nobody-serves-this" })).Text("refusal"));
        Assert.Equal("unpriced", (await ExplainAsync(new { model = _model })).Text("refusal"));
        Assert.Equal("unknown_group", (await ExplainAsync(new { model = _model, group = "nowhere" })).Text("refusal"));
        var bad = await ExplainAsync(new { model = "*", protocol = "telex", conversation = "x" });
        Assert.Equal(["model bad_model", "conversation bad_id", "protocol unknown_value"], bad.Errors);
    }

    [Fact]
    public async Task Member_sees_his_own_channels_and_of_others_only_that_they_are_there()
    {
        var (owner, other) = (await _plane.PersonAsync(), await _plane.PersonAsync());
        var closed = $"closed-{_model}";
        await _plane.Admin.PostAsync("/api/v1/groups", new { name = closed, user_ids = new[] { owner.Id } });
        var mine = await ChannelAsync(owner.Api);
        await ChannelAsync();
        await ChannelAsync(groups: [closed]);
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "1", output = "1" });

        var own = await owner.Api.PostAsync(Path, new { model = _model });
        var foreign = await other.Api.PostAsync(Path, new { model = _model });

        Assert.Equal([mine], Candidates(own).Select(c => c.GetProperty("channel_id").GetString()).OfType<string>());
        Assert.Equal(3, Candidates(own).Count);
        Assert.Equal(2, Candidates(foreign).Count);
        Assert.All(Candidates(foreign), c => Assert.Equal(JsonValueKind.Null, c.GetProperty("name").ValueKind));
        Assert.Equal("unknown_group", (await other.Api.PostAsync(Path, new { model = _model, group = closed })).Text("refusal"));
        (await other.Api.PostAsync(Path, new { model = _model, user_id = owner.Id }))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task What_gateways_share_of_slots_and_circuits_is_seen()
    {
        var cancel = TestContext.Current.CancellationToken;
        var (full, rests, free) = (await ChannelAsync(priority: 9, concurrency: 1), await ChannelAsync(priority: 8), await ChannelAsync());
        await _plane.Admin.PutAsync("/api/v1/prices", new { model = _model, input = "1", output = "1" });
        var redis = _plane.Services.GetRequiredService<RedisClient>();
        var epoch = await _plane.Services.GetRequiredService<WindowUsage>().EpochAsync(cancel);
        var rid = new RequestIdSource(1, 1).Next(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var seat = new SeatRequest(Number(full), epoch, rid, 1, 1, 1, 15_000, 1, null, null, 0, Usd.Zero);
        Assert.Equal(SeatCode.Ok, (await new ChannelSeats(redis.Runner).EnterAsync(seat, [], cancel)).Code);
        await redis.SetAsync(RedisKeys.Circuit(Number(rests)), "1.1|0|x|1|60000"u8.ToArray(), TimeSpan.FromMinutes(1), cancel);

        var answer = await ExplainAsync(new { model = _model });

        // Other planes of these tests have channels of the same numbers on this Redis.
        await redis.DeleteAsync(RedisKeys.Circuit(Number(rests)), cancel);
        await redis.DeleteAsync(RedisKeys.ChannelSlots(Number(full)), cancel);
        await redis.DeleteAsync(RedisKeys.ChannelPlaces(Number(full)), cancel);
        var found = Candidates(answer).ToDictionary(
            c => c.GetProperty("channel_id").GetString()!,
            c => (c.GetProperty("verdict").GetString(), c.GetProperty("slots_used")));
        Assert.Equal(("full", "resting", "available"), (found[full].Item1, found[rests].Item1, found[free].Item1));
        Assert.Equal(1, found[full].Item2.GetInt32());
        Assert.Equal(free, Candidates(answer)[0].GetProperty("channel_id").GetString());
    }

    private static long Number(string channel) =>
        long.Parse(channel["chn_".Length..], System.Globalization.CultureInfo.InvariantCulture);

    private Task<Answer> ExplainAsync(object body) => _plane.Admin.PostAsync(Path, body);

    private static List<JsonElement> Candidates(Answer answer) =>
        [.. answer.Json.GetProperty("candidates").EnumerateArray()];

    private async Task<string> ChannelAsync(
        Api? api = null, int priority = 0, int? concurrency = null, string[]? groups = null)
    {
        var made = await (api ?? _plane.Admin).PostAsync("/api/v1/channels", new
        {
            name = "c", provider = "openai_compatible", base_url = "http://127.0.0.1:9", priority,
            credential = new { type = "api_key", api_key = "s" }, models = new[] { _model }, groups = groups ?? [],
            max_concurrency = concurrency,
        });
        return made.Expect(HttpStatusCode.Created).Text("id");
    }
}
