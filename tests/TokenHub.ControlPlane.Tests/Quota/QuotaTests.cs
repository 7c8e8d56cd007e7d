using System.Globalization;
using System.Net;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Tests.Usage;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Tests.Quota;

/// <summary>A channel's rates, windows, fire-sale and surge: as they are set, told to gateways, and shown.</summary>
public sealed class QuotaTests(Servers servers)
{
    private const string Path = "/api/v1/channels";

    private static Dictionary<string, object?> Body => new()
    {
        ["name"] = "main",
        ["provider"] = "openai",
        ["base_url"] = "https://api.openai.com/",
        ["credential"] = new { type = "api_key", api_key = "k" },
        ["models"] = new[] { "gpt-*" },
        ["windows"] = new[] { new { limit_usd = "25", period_unit = "month", timezone = "Europe/Berlin" } },
        ["rpm"] = 60,
        ["tpm"] = 90_000,
        ["fire_sale"] = new { before_end_seconds = 7_200, least_left_bp = 2_000, price_factor_bp = 7_000 },
        ["surge"] = new { factor_max_bp = 30_000 },
    };

    [Fact]
    [Trait("row", "A22")]
    [Trait("row", "A33")]
    public async Task Limits_come_back_and_are_told_to_gateways()
    {
        var made = (await servers.Shared.Admin.PostAsync(Path, Body)).Expect(HttpStatusCode.Created);

        Assert.Equal((60, 90_000), (made.Json.Int("rpm"), made.Json.Int("tpm")));
        Assert.Equal(7_000, made.Json.At("fire_sale").Int("price_factor_bp"));
        Assert.Equal(30_000, made.Json.At("surge").Int("factor_max_bp"));
        var entry = await EntryAsync(made.Text("id"));
        Assert.Equal((60, 90_000), (entry.Rpm!.Value, entry.Tpm!.Value));
        Assert.Equal(
            new WindowEntry
            {
                Kind = QuotaKind.Money, Limit = 2_500_000_000, Unit = PeriodUnit.Month, Timezone = "Europe/Berlin",
            },
            Assert.Single(entry.Windows));
        Assert.Equal(
            new FireSaleEntry { BeforeEndSeconds = 7_200, LeastLeftBp = 2_000, PriceFactorBp = 7_000 }, entry.FireSale);
        Assert.Equal(new SurgeEntry { FactorMaxBp = 30_000 }, entry.Surge);

        var path = $"{Path}/{made.Text("id")}";
        var changed = await servers.Shared.Admin.PatchAsync(path, new { rpm = (int?)null, surge = (object?)null });
        Assert.True(changed.Expect(HttpStatusCode.OK).Json.IsNull("rpm") && changed.Json.IsNull("surge"));
        Assert.Equal((90_000, 7_200), (changed.Json.Int("tpm"), changed.Json.At("fire_sale").Int("before_end_seconds")));
    }

    [Theory]
    [InlineData("rpm", "0", "rpm out_of_range")]
    [InlineData("tpm", "-1", "tpm out_of_range")]
    [InlineData("fire_sale", """{"before_end_seconds":0}""", "fire_sale.before_end_seconds out_of_range")]
    [InlineData(
        "fire_sale", """{"before_end_seconds":5,"price_factor_bp":10001}""", "fire_sale.price_factor_bp out_of_range")]
    [InlineData(
        "fire_sale", """{"before_end_seconds":5,"weight_factor_bp":9999}""", "fire_sale.weight_factor_bp out_of_range")]
    [InlineData("fire_sale", """{"price_factor_bp":5}""", "fire_sale wrong_type")]
    [InlineData("surge", """{"factor_max_bp":9999}""", "surge.factor_max_bp out_of_range")]
    [InlineData("windows", "[]", "fire_sale needs_window, surge needs_window")]
    [InlineData(
        "windows",
        """[{"limit_usd":"1","period_unit":"day"},{"limit_points":"2","period_unit":"day","period_count":1}]""",
        "windows[1] repeated")]
    [InlineData(
        "windows", """[{"limit_tokens":9007199254740992,"period_unit":"day"}]""", "windows[0] out_of_range")]
    public async Task Bad_limits_are_refused(string field, string value, string errors)
    {
        var body = Body;
        body[field] = JsonSerializer.Deserialize<JsonElement>(value);

        var answer = await servers.Shared.Admin.PostAsync(Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal(errors, string.Join(", ", answer.Errors));
    }

    [Fact]
    public async Task Member_cannot_raise_prices_nor_draw_traffic_by_a_fire_sale()
    {
        var person = await servers.Shared.PersonAsync();
        var body = Body;
        body["weight"] = 50;
        body["fire_sale"] = new { before_end_seconds = 60, weight_factor_bp = 20_001 };

        var answer = await person.Api.PostAsync(Path, body);

        Assert.Equal(["surge forbidden", "fire_sale.weight_factor_bp forbidden"], answer.Errors);
        body["surge"] = null;
        body["fire_sale"] = new { before_end_seconds = 60, weight_factor_bp = 20_000 };
        (await person.Api.PostAsync(Path, body)).Expect(HttpStatusCode.Created);
    }

    [Fact]
    [Trait("row", "A32")]
    [Trait("row", "A34")]
    public async Task Quota_is_counted_from_the_ledger_where_redis_has_lost_it()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        await world.ShipAsync([world.Record(Outcome.Completed, new TokenUsage { Input = 1000, Output = 500 })]);
        var channel = $"{Path}/{world.Channel}";
        (await servers.Shared.Admin.PatchAsync(channel, new
        {
            max_concurrency = 4,
            windows = new object[]
            {
                new { limit_tokens = 10_000, period_unit = "month", period_count = 1000 },
                new { limit_usd = "0.01", period_unit = "month", period_count = 999 },
                new { limit_requests = 1, period_unit = "month", period_count = 998, timezone = "Asia/Kathmandu" },
            },
        })).Expect(HttpStatusCode.OK);

        for (var i = 0; i < 2; i++)
        {
            var quota = (await servers.Shared.Admin.GetAsync(channel + "/quota")).Expect(HttpStatusCode.OK).Json;

            Assert.Equal(("redis", 0, 4), (quota.Str("source"), quota.Int("slots_used"), quota.Int("max_concurrency")));
            var windows = quota.At("windows").EnumerateArray().ToArray();
            Assert.Equal(
                (1_500L, 0L, 8_500L, 8_500),
                (windows[0].Long("used_tokens"), windows[0].Long("held_tokens"), windows[0].Long("left_tokens"),
                    windows[0].Int("left_bp")));
            Assert.Equal(
                ("0.00750000", "0.00250000"), (windows[1].Str("used_usd"), windows[1].Str("left_usd")));

            Assert.Equal((1L, 0L), (windows[2].Long("used_requests"), windows[2].Long("left_requests")));
            Assert.EndsWith("T18:15:00Z", windows[2].Str("starts_at"), StringComparison.Ordinal);
            await servers.Shared.Redis.DeleteAsync(RedisKeys.ChannelState(Number(world.Channel)), default);
        }
    }

    [Fact]
    [Trait("row", "A35")]
    public async Task Points_are_worth_what_the_settings_say_and_stand_beside_dollars()
    {
        await using var plane = await Plane.StartAsync(servers);
        var body = Body;
        body["windows"] = new[] { new { limit_points = "10", period_unit = "day" } };
        var made = (await plane.Admin.PostAsync(Path, body)).Expect(HttpStatusCode.Created);
        Assert.Equal("10.00000000", made.Json.At("windows")[0].Str("limit_points"));
        Assert.Equal("1.00000000", (await plane.Admin.GetAsync("/api/v1/settings")).Text("point_usd"));

        (await plane.Admin.PatchAsync("/api/v1/settings", new { point_usd = "0.25" })).Expect(HttpStatusCode.OK);

        var window = (await plane.Admin.GetAsync($"{Path}/{made.Text("id")}/quota")).Json.At("windows")[0];
        Assert.Equal(
            ("2.50000000", "10.00000000", "0.00000000", "0.00000000", "10.00000000"),
            (window.Str("limit_usd"), window.Str("limit_points"), window.Str("used_usd"), window.Str("used_points"),
                window.Str("left_points")));
        (await plane.Admin.PatchAsync("/api/v1/settings", new { point_usd = "0" }))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await plane.Admin.PatchAsync("/api/v1/settings", new { point_usd = (string?)null })).Expect(HttpStatusCode.OK);
        Assert.Equal("1.00000000", (await plane.Admin.GetAsync("/api/v1/settings")).Text("point_usd"));
    }

    [Fact]
    public async Task Quota_of_anothers_channel_is_not_shown()
    {
        var (owner, other) = (await servers.Shared.PersonAsync(), await servers.Shared.PersonAsync());
        var body = Body;
        body["surge"] = null;
        var path = $"{Path}/{(await owner.Api.PostAsync(Path, body)).Text("id")}/quota";

        (await owner.Api.GetAsync(path)).Expect(HttpStatusCode.OK);
        (await other.Api.GetAsync(path)).Expect(HttpStatusCode.NotFound);
        (await servers.Shared.Admin.GetAsync($"{Path}/chn_999999/quota")).Expect(HttpStatusCode.NotFound);
    }

    private async Task<ChannelEntry> EntryAsync(string id)
    {
        var answer = await servers.Shared.With(Plane.Token).GetAsync("/internal/v1/snapshot");
        var snapshot = JsonSerializer.Deserialize(answer.Content, SnapshotJsonContext.Default.Snapshot)!;
        return snapshot.Channels.Single(channel => channel.Id == Number(id));
    }

    private static long Number(string wireId) => long.Parse(wireId[4..], CultureInfo.InvariantCulture);
}
