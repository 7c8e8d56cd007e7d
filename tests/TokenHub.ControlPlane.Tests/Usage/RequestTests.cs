using System.Net;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Usage;

namespace TokenHub.ControlPlane.Tests.Usage;

/// <summary>Usage as a gateway ships it, and what the API then shows of it.</summary>
public sealed class RequestTests(Servers servers)
{
    [Fact]
    public async Task Request_shows_stages_attempts_usage_price_and_a_formula_that_comes_to_its_cost()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.Completed, new TokenUsage { Input = 1000, CacheRead = 200, Output = 500 });
        await world.ShipAsync([record]);

        var answer = await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}");
        var detail = answer.Expect(HttpStatusCode.OK).Json;

        Assert.Equal("0.00720000", detail.Str("cost"));
        Assert.Equal(
            "(800 * 2.50000000 + 200 * 1.00000000 + 500 * 10.00000000) / 1000000 = 0.00720000",
            detail.Str("formula"));
        Assert.Equal(["hold", "settle"], detail.At("stages").EnumerateArray().Select(s => s.Str("name")));
        Assert.Equal("0.05000000", detail.GetProperty("stages")[0].Str("amount"));
        Assert.Equal(world.Price, detail.GetProperty("price").Str("id"));
        Assert.Equal((200, 500), (detail.At("usage").Int("cache_read"), detail.At("usage").Int("output")));
        var attempt = detail.GetProperty("attempts")[0];
        Assert.Equal((503, "upstream_status"), (attempt.Int("status"), attempt.Str("fault")));
        Assert.Equal(
            ("chat", "completed", true), (detail.Str("protocol"), detail.Str("outcome"), detail.Bool("is_charged")));
        Assert.Equal(world.Person.Id, detail.Str("user_id"));
    }

    [Fact]
    [Trait("row", "A33")]
    public async Task Receipt_shows_factors_the_route_and_first_tokens()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var factors = new PriceFactors(12_000, 10_000, 5_000);
        var plain = world.Record(Outcome.Completed, new TokenUsage { Input = 1000, CacheRead = 200, Output = 500 });
        var record = plain with
        {
            Factors = factors,
            Cost = new Usd(plain.Cost.Units * 6 / 10),
            Route = new RouteTrace(RoutingPolicy.LeastLoaded, RouteReason.LastResort, 7, 1, 2, 3, 0, 1),
            Attempts = [plain.Attempts[0] with { FirstTokenMs = 9, Outcome = Outcome.UpstreamErrorBeforeContent }],
        };
        await world.ShipAsync([record]);

        var detail = (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}"))
            .Expect(HttpStatusCode.OK).Json;

        Assert.Equal(
            "(800 * 2.50000000 + 200 * 1.00000000 + 500 * 10.00000000) / 1000000 * 1.2 * 0.5 = 0.00432000",
            detail.Str("formula"));
        var told = detail.At("factors");
        Assert.Equal(("1.2", "1", "0.5"), (told.Str("group"), told.Str("surge"), told.Str("fire_sale")));
        var route = detail.At("route");
        Assert.Equal(("least_loaded", "last_resort"), (route.Str("policy"), route.Str("reason")));
        Assert.Equal(
            [7, 1, 2, 3, 0, 1],
            new[] { "serving", "out_of_scope", "other_call", "cooling", "exhausted", "full" }.Select(name => route.Int(name)));
        Assert.Equal(9, detail.GetProperty("attempts")[0].Int("first_token_ms"));
    }

    [Fact]
    [Trait("row", "C03")]
    public async Task Receipt_shows_what_the_call_costs_at_the_makers_list_price_and_what_was_saved()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var price = (await servers.Shared.Admin.PutAsync(
            "/api/v1/prices/of-list",
            new { model = $"listed-{Guid.NewGuid():N}", share_bp = 5000, input = "5", output = "20", cache_read = "2" }))
            .Expect(HttpStatusCode.OK).Text("id");
        var usage = new TokenUsage { Input = 1000, CacheRead = 200, Output = 500 };
        UsageRecord Listed(UsageRecord record) => record with { PriceVersion = RequestWorld.Number(price) };
        var plain = Listed(world.Record(Outcome.Completed, usage));
        var surged = Listed(world.Record(Outcome.Completed, usage));
        surged = surged with { Factors = new PriceFactors(10_000, 25_000, 10_000), Cost = new Usd(surged.Cost.Units * 5 / 2) };
        var refunded = Listed(world.Record(Outcome.UpstreamErrorBeforeContent, usage));
        var unlisted = world.Record(Outcome.Completed, usage);
        await world.ShipAsync([plain, surged, refunded, unlisted]);
        async Task<System.Text.Json.JsonElement> ReadAsync(UsageRecord record) =>
            (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Expect(HttpStatusCode.OK).Json;

        var (told, dear) = (await ReadAsync(plain), await ReadAsync(surged));
        Assert.Equal(
            ("0.00720000", "0.01440000", "0.00720000"), (told.Str("cost"), told.Str("list_cost"), told.Str("saving")));
        Assert.Equal(("5.00000000", "2.50000000"), (told.At("price").At("list").Str("input"), told.At("price").Str("input")));
        Assert.Equal(
            ("0.01800000", "0.01440000", "-0.00360000"), (dear.Str("cost"), dear.Str("list_cost"), dear.Str("saving")));
        foreach (var record in new[] { refunded, unlisted })
        {
            var none = await ReadAsync(record);
            Assert.True(none.IsNull("list_cost") && none.IsNull("saving"));
        }
    }

    [Fact]
    public async Task Charge_is_in_wallet_ledger_key_and_sums_up()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.Completed, new TokenUsage { Input = 1000, Output = 500 });
        await world.ShipAsync([record]);

        var wallet = await world.Person.Api.GetAsync("/api/v1/wallet");
        var key = await world.Person.Api.GetAsync($"/api/v1/keys/{world.Key}");
        var ledger = (await world.Person.Api.GetAsync("/api/v1/ledger?kind=usage_platform")).Json.GetProperty("data");
        var verify = await servers.Shared.Admin.GetAsync("/api/v1/ledger/verify");

        Assert.Equal("9.99250000", wallet.Text("balance"));
        Assert.Equal("0.00750000", key.Text("spent"));
        var entry = Assert.Single(ledger.EnumerateArray());
        Assert.Equal(
            ("-0.00750000", "platform", record.RequestId.ToString()),
            (entry.Str("amount"), entry.Str("counterparty"), entry.Str("request_id")));
        Assert.True(verify.Json.Bool("ok"), verify.Content);
    }

    [Fact]
    public async Task Owner_is_paid_his_share_and_neither_side_learns_who_the_other_is()
    {
        var owner = await servers.Shared.PersonAsync();
        var world = await RequestWorld.MakeAsync(servers.Shared, owner, ownerShareBp: 2500);
        var record = world.Record(Outcome.Completed, new TokenUsage { Input = 1000, Output = 500 });
        await world.ShipAsync([record]);

        var earned = Assert.Single((await owner.Api.GetAsync("/api/v1/ledger?kind=usage_owner")).Data());
        var paid = Assert.Single((await world.Person.Api.GetAsync("/api/v1/ledger?kind=usage_owner")).Data());
        var seen = (await servers.Shared.Admin.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;
        var own = (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;

        Assert.Equal(("0.00187500", "another_user"), (earned.Str("amount"), earned.Str("counterparty")));
        Assert.Equal(("-0.00187500", "another_user"), (paid.Str("amount"), paid.Str("counterparty")));
        Assert.Equal((owner.Id, "0.00187500", "0.00562500"),
            (seen.Str("owner_user_id"), seen.Str("owner_part"), seen.Str("platform_part")));
        Assert.True(own.IsNull("owner_user_id"));
        Assert.Equal("0.00187500", (await owner.Api.GetAsync("/api/v1/wallet")).Text("balance"));
        (await owner.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Expect(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Refund_shows_the_hold_given_back()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.UpstreamErrorBeforeContent, default);
        await world.ShipAsync([record]);

        var detail = (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;

        Assert.Equal(["hold", "refund"], detail.At("stages").EnumerateArray().Select(s => s.Str("name")));
        Assert.Equal("0.05000000", detail.GetProperty("stages")[1].Str("amount"));
        Assert.Equal("0 = 0.00000000", detail.Str("formula"));
        Assert.False(detail.Bool("is_charged"));
    }

    [Fact]
    public async Task Requests_of_others_do_not_exist()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var stranger = await servers.Shared.PersonAsync();
        var record = world.Record(Outcome.Completed, new TokenUsage { Input = 1, Output = 1 });
        await world.ShipAsync([record]);

        (await stranger.Api.GetAsync($"/api/v1/requests/{record.RequestId}"))
            .ExpectProblem(HttpStatusCode.NotFound, "not_found");
        Assert.Empty((await stranger.Api.GetAsync("/api/v1/requests")).Data());
        (await servers.Shared.Admin.GetAsync($"/api/v1/requests/{record.RequestId}")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Filters_and_pages_narrow_the_list()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var usage = new TokenUsage { Input = 1, Output = 1 };
        var charged = Enumerable.Range(0, 5).Select(_ => world.Record(Outcome.Completed, usage)).ToList();
        var refunded = world.Record(Outcome.ClientCancelled, default);
        await world.ShipAsync([.. charged, refunded]);

        async Task<List<string>> IdsAsync(string query)
        {
            var page = (await world.Person.Api.GetAsync("/api/v1/requests?" + query)).Expect(HttpStatusCode.OK).Json;
            return [.. page.GetProperty("data").EnumerateArray().Select(r => r.Str("id")!)];
        }

        Assert.Equal(6, (await IdsAsync("")).Count);
        Assert.Equal([refunded.RequestId.ToString()], await IdsAsync("charged=false"));
        Assert.Equal(5, (await IdsAsync($"charged=true&key_id={world.Key}&model=gpt-test")).Count);
        Assert.Empty(await IdsAsync("model=other"));
        Assert.Empty(await IdsAsync("channel_id=chn_999999"));
        var first = (await world.Person.Api.GetAsync("/api/v1/requests?limit=4")).Json;
        var rest = (await world.Person.Api.GetAsync(
            $"/api/v1/requests?limit=4&cursor={first.Str("next_cursor")}")).Json;
        Assert.Equal(2, rest.GetProperty("data").GetArrayLength());
        Assert.True(rest.IsNull("next_cursor"));
    }

    [Fact]
    public async Task Receipt_names_policy_source_notes_and_each_attempt_with_cost_and_charge()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var usage = new TokenUsage { Input = 1000, Output = 500 };
        var lost = new TokenUsage { Input = 1000, Output = 3 };
        var plain = world.Record(Outcome.ClientCut, usage);
        var record = plain with
        {
            IsCounted = true,
            AbortPolicy = AbortPolicy.Drain,
            Notes = UsageNotes.FarOff | UsageNotes.Drained | UsageNotes.BeyondLimit,
            Attempts =
            [
                new(plain.Channel, 200, AttemptFault.CutMidStream, 9)
                {
                    Outcome = Outcome.LosingHedge, PriceVersion = plain.PriceVersion, Usage = lost,
                },
                new(plain.Channel, 200, AttemptFault.ClientGone, 12)
                {
                    Outcome = Outcome.ClientCut, PriceVersion = plain.PriceVersion, Usage = usage, IsCounted = true,
                },
            ],
        };
        await world.ShipAsync([record]);

        var seen = (await servers.Shared.Admin.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;
        var own = (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;

        Assert.Equal(
            ("client_cut", "counted", "drain"),
            (seen.Str("outcome"), seen.Str("usage_source"), seen.Str("abort_policy")));
        Assert.Equal(
            ["beyond_limit", "far_off", "drained"], seen.At("notes").EnumerateArray().Select(n => n.GetString()));
        var attempts = seen.At("attempts").EnumerateArray().ToList();
        Assert.Equal(["losing_hedge", "client_cut"], attempts.Select(a => a.Str("outcome")));
        Assert.Equal(["0.00253000", "0.00750000"], attempts.Select(a => a.Str("upstream_cost")));
        Assert.Equal(["0.00000000", "0.00750000"], attempts.Select(a => a.Str("charge")));
        Assert.Equal(["reported", "counted"], attempts.Select(a => a.Str("usage_source")));
        Assert.Equal([3, 500], attempts.Select(a => a.At("usage").Int("output")));
        Assert.Equal(seen.Str("cost"), attempts[1].Str("charge"));
        Assert.All(own.At("attempts").EnumerateArray(), a => Assert.True(a.IsNull("upstream_cost")));
        Assert.Equal(seen.Str("formula"), own.Str("formula"));
    }
}
