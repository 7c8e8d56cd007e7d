using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.ControlPlane.Tests.Usage;

/// <summary>Usage as a gateway ships it, and what the API then shows of it.</summary>
public sealed class RequestTests(Servers servers)
{
    [Fact]
    public async Task Request_shows_stages_attempts_usage_price_and_a_formula_that_comes_to_its_cost()
    {
        var world = await World.MakeAsync(servers.Shared);
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
    public async Task Charge_is_in_wallet_ledger_key_and_sums_up()
    {
        var world = await World.MakeAsync(servers.Shared);
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
        var world = await World.MakeAsync(servers.Shared, owner, ownerShareBp: 2500);
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
        var world = await World.MakeAsync(servers.Shared);
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
        var world = await World.MakeAsync(servers.Shared);
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
        var world = await World.MakeAsync(servers.Shared);
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

    /// <summary>A user with credit, a key, a channel and a price, and a gateway that serves him.</summary>
    private sealed class World
    {
        private static readonly SemaphoreSlim Gate = new(1);
        private static readonly Dictionary<Plane, (RequestIdSource Ids, int Lsn)> Gateways = [];

        private Plane _plane = null!;
        private RequestIdSource _ids = null!;
        private string _channel = "";
        private Person? _owner;
        private int _ownerShareBp;

        public Person Person { get; private set; } = null!;

        public string Key { get; private set; } = "";

        public string Price { get; private set; } = "";

        public static async Task<World> MakeAsync(Plane plane, Person? owner = null, int ownerShareBp = 0)
        {
            var world = new World { _plane = plane, Person = await plane.PersonAsync() };
            world._owner = owner;
            world._ownerShareBp = ownerShareBp;
            await plane.Admin.PostAsync(
                $"/api/v1/users/{world.Person.Id}/credits", new { amount = "10", reason = "test" });
            world.Key = (await world.Person.Api.PostAsync("/api/v1/keys", new { name = "k" })).Text("id");
            world._channel = (await plane.Admin.PostAsync("/api/v1/channels", new
            {
                name = "c",
                owner_user_id = owner?.Id,
                owner_share_bp = ownerShareBp,
                provider = "openai",
                base_url = "https://api.example.com",
                credential = new { type = "api_key", api_key = "k" },
                models = new[] { "gpt-test" },
            })).Text("id");
            world.Price = (await plane.Admin.PutAsync(
                "/api/v1/prices",
                new { model = "gpt-test", input = "2.5", output = "10", cache_read = "1" })).Text("id");
            await world.RegisterAsync();
            return world;
        }

        public UsageRecord Record(Outcome outcome, TokenUsage usage)
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            var tariff = new Tariff(Number(Price), 250_000_000, 1_000_000_000, 100_000_000, 250_000_000, 250_000_000);
            return new UsageRecord
            {
                RequestId = _ids.Next(now),
                Account = Number(Person.Id),
                Key = Number(Key),
                Channel = Number(_channel),
                OwnerAccount = _owner is null ? 0 : Number(_owner.Id),
                OwnerShareBp = _ownerShareBp,
                PriceVersion = Number(Price),
                Model = "gpt-test",
                Dialect = Dialect.Chat,
                Outcome = outcome,
                Status = 200,
                StartedMs = now,
                DurationMs = 120,
                FirstTokenMs = 40,
                Hold = new Usd(5_000_000),
                Cost = outcome.IsCharged() ? TariffMath.Cost(tariff, usage) : Usd.Zero,
                Usage = usage,
                UpstreamId = "up-1",
                Attempts = [new AttemptRecord(Number(_channel), 503, AttemptFault.UpstreamStatus, 12)],
            };
        }

        public async Task ShipAsync(IReadOnlyList<UsageRecord> records)
        {
            await Gate.WaitAsync();
            try
            {
                var (ids, lsn) = Gateways[_plane];
                var batch = new ArrayBufferWriter<byte>();
                var bytes = new byte[UsageRecordCodec.BytesMax];
                foreach (var record in records)
                {
                    UsageBatch.Append(batch, ++lsn, bytes.AsSpan(0, UsageRecordCodec.Write(record, bytes)));
                }

                Gateways[_plane] = (ids, lsn);
                using var request = new HttpRequestMessage(HttpMethod.Post, PlaneMessages.UsagePath);
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Plane.Token);
                request.Headers.Add("x-gateway-no", ids.GatewayNo.ToString(CultureInfo.InvariantCulture));
                request.Headers.Add("x-gateway-boot", ids.BootNo.ToString(CultureInfo.InvariantCulture));
                request.Content = new ByteArrayContent(batch.WrittenSpan.ToArray());
                request.Content.Headers.ContentType = new MediaTypeHeaderValue(UsageBatch.ContentType);
                using var response = await _plane.Http.SendAsync(request, TestContext.Current.CancellationToken);
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.True(response.IsSuccessStatusCode, text);
                Assert.Equal(records.Count, JsonSerializer.Deserialize<JsonElement>(text).Int("accepted"));
            }
            finally
            {
                Gate.Release();
            }
        }

        private async Task RegisterAsync()
        {
            await Gate.WaitAsync();
            try
            {
                if (!Gateways.TryGetValue(_plane, out var known))
                {
                    var welcome = await _plane.With(Plane.Token).PostAsync(
                        PlaneMessages.RegisterPath, new { gateway_id = "test-gateway", version = "0" });
                    known = (new RequestIdSource(
                        welcome.Json.Int("gateway_no"), welcome.Json.Int("boot_no")), 0);
                    Gateways[_plane] = known;
                }

                _ids = known.Ids;
            }
            finally
            {
                Gate.Release();
            }
        }

        private static long Number(string wireId) => long.Parse(wireId[4..], CultureInfo.InvariantCulture);
    }
}
