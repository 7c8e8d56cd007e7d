using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Ledger;
using TokenHub.Redis;

namespace TokenHub.ControlPlane.Tests.Internal;

[Trait("needs", "postgres, redis")]
public sealed class InternalEndpointsTests(PlaneStores stores)
{
    private static readonly SnapshotJsonContext Json = SnapshotJsonContext.Default;

    public static TheoryData<string, string> Routes => new()
    {
        { "POST", PlaneMessages.RegisterPath },
        { "POST", PlaneMessages.BeatPath },
        { "POST", PlaneMessages.UsagePath },
        { "POST", PlaneMessages.HydratePath },
        { "POST", PlaneMessages.RecountPath },
        { "GET", PlaneMessages.SnapshotPath },
        { "GET", PlaneMessages.KeysPath + "/" + new string('0', 64) },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Nothing_is_open_without_the_token(string method, string path)
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        await using var unset = await plane.StartAnotherAsync(token: "");
        var right = TestPlane.Token;
        string?[] wrong = [null, "", "Bearer ", "Bearer wrong", $"Bearer {right}x", $"bearer {right}", right];

        foreach (var header in wrong)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(plane, method, path, header));
            Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(unset, method, path, header));
        }
    }

    [Fact]
    public async Task Gateway_registers_and_beats()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        var welcome = await plane.RegisterAsync("gw-a");
        var again = await plane.RegisterAsync("gw-a");
        var beat = new PlaneMessages.GatewayBeat(1, 2, 5, 3, 1, 0, true, false, 1, "127.0.0.1:8080");

        var reply = await plane.PostAsync(PlaneMessages.BeatPath, beat, Json.GatewayBeat, Json.GatewayBeatReply);

        Assert.Equal(new PlaneMessages.GatewayWelcome(1, 1), welcome);
        Assert.Equal(new PlaneMessages.GatewayWelcome(1, 2), again);
        Assert.Equal(await plane.ScalarAsync<long>("select version from snapshot_version"), reply.SnapshotVersion);
        using var stale = await plane.Http.PostAsync(
            PlaneMessages.BeatPath, new StringContent("""{"gateway_no":1,"boot_no":1}"""));
        Assert.Equal(HttpStatusCode.Conflict, stale.StatusCode);
    }

    [Theory]
    [InlineData("", HttpStatusCode.BadRequest)]
    [InlineData("null", HttpStatusCode.BadRequest)]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("{\"gateway_id\":\" \"}", HttpStatusCode.BadRequest)]
    [InlineData("{\"gateway_id\":7}", HttpStatusCode.BadRequest)]
    [InlineData("long", HttpStatusCode.RequestEntityTooLarge)]
    public async Task Bad_bodies_are_refused(string body, HttpStatusCode status)
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var text = body == "long" ? new string('x', 70_000) : body;

        using var response = await plane.Http.PostAsync(PlaneMessages.RegisterPath, new StringContent(text));

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Usage_is_committed_when_the_answer_comes()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        await plane.RegisterAsync("gw");
        var (user, key, _) = await plane.AddUserAsync();
        var price = await plane.ScalarAsync<long>(
            "insert into prices (model, input_units, output_units) values ('*', 100000000, 200000000) returning id");
        await plane.HydrateAsync(user, key);
        var batch = Batch(user, key, price, count: 3);

        using var response = await ShipAsync(plane, batch, "1", "1");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(
            """{"acked_lsn":3,"accepted":3,"repeated":0,"dead":0}""", await response.Content.ReadAsStringAsync());
        var charged = await plane.ScalarAsync<long>("select sum(cost_units)::bigint from usage_events");
        Assert.Equal(3 * 300, charged);
        var till = new Till(plane.Redis.Runner);
        await TestPlane.UntilAsync(
            async () => (await till.ReadAccountAsync(user, default))?.Balance == new Usd(-charged), "Redis was told");
    }

    [Fact]
    public async Task Usage_that_is_none_is_refused()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var batch = Batch(1001, 1001, 1001, count: 1);

        Assert.Equal(HttpStatusCode.Conflict, (await ShipAsync(plane, batch, "9", "1")).StatusCode);
        await plane.RegisterAsync("gw");
        Assert.Equal(HttpStatusCode.BadRequest, (await ShipAsync(plane, batch[..^1], "1", "1")).StatusCode);
        foreach (var (gateway, boot) in new[] { ("", "1"), ("1", ""), ("-1", "1"), ("1024", "1"), ("1", "1048576") })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await ShipAsync(plane, batch, gateway, boot)).StatusCode);
        }

        Assert.Equal(
            HttpStatusCode.BadRequest, (await ShipAsync(plane, batch, "1", "1", "application/json")).StatusCode);
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            (await ShipAsync(plane, new byte[UsageBatch.BytesMax + 1], "1", "1")).StatusCode);
    }

    [Fact]
    public async Task Database_that_is_away_means_try_again()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        await using var nowhere = LedgerDatabase.Open("Host=127.0.0.1;Port=1;Username=x;Database=x;Timeout=2");
        await using var cut = await plane.StartAnotherAsync(database: nowhere);

        using var shipped = await ShipAsync(cut, Batch(1, 1, 1, count: 1), "1", "1");
        using var hydrated = await cut.Http.PostAsync(
            PlaneMessages.HydratePath, new StringContent("""{"account":1001,"key":1}"""));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, shipped.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), shipped.Headers.RetryAfter!.Delta);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, hydrated.StatusCode);
    }

    [Fact]
    public async Task Hydrating_puts_account_and_key_into_redis()
    {
        await using var plane = await TestPlane.StartAsync(stores);
        var (user, key, _) = await plane.AddUserAsync();

        var reply = await plane.HydrateAsync(user, key);
        var unknown = await plane.HydrateAsync(7, key);

        Assert.Equal(new PlaneMessages.HydrateReply(true, 1), reply);
        Assert.False(unknown.Found);
        Assert.NotNull(await new Till(plane.Redis.Runner).ReadAccountAsync(user, default));
    }

    [Fact]
    public async Task Key_is_found_by_its_hash_and_kept_in_redis()
    {
        await using var plane = await TestPlane.StartAsync(stores, runsLoops: false);
        var (user, key, hash) = await plane.AddUserAsync();
        await plane.Redis.DeleteAsync(PlaneMessages.KeyRecordPrefix + hash, default);

        using var found = await plane.Http.GetAsync($"{PlaneMessages.KeysPath}/{hash}");
        using var missing = await plane.Http.GetAsync($"{PlaneMessages.KeysPath}/{new string('a', 64)}");
        using var malformed = await plane.Http.GetAsync($"{PlaneMessages.KeysPath}/{new string('A', 64)}");

        Assert.Equal(HttpStatusCode.OK, found.StatusCode);
        Assert.Equal((key, user), ((await plane.RecordAsync(hash))!.Id, (await plane.RecordAsync(hash))!.Account));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
    }

    private static byte[] Batch(long user, long key, long price, int count)
    {
        var writer = new ArrayBufferWriter<byte>();
        var buffer = new byte[UsageRecordCodec.BytesMax];
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (var i = 1; i <= count; i++)
        {
            var length = UsageRecordCodec.Write(
                new UsageRecord
                {
                    RequestId = RequestId.Create(now, 1, 1, (uint)i),
                    Account = user,
                    Key = key,
                    Channel = 1,
                    PriceVersion = price,
                    Model = "m",
                    Dialect = Dialect.Chat,
                    Outcome = Outcome.Completed,
                    StartedMs = now,
                    Hold = new Usd(1000),
                    Cost = new Usd(300),
                    Usage = new TokenUsage { Input = 1, Output = 1 },
                },
                buffer);
            UsageBatch.Append(writer, i, buffer.AsSpan(0, length));
        }

        return writer.WrittenSpan.ToArray();
    }

    private static async Task<HttpResponseMessage> ShipAsync(
        TestPlane plane, byte[] batch, string gateway, string boot, string type = UsageBatch.ContentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, PlaneMessages.UsagePath)
        {
            Content = new ByteArrayContent(batch),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Headers.TryAddWithoutValidation("x-gateway-no", gateway);
        request.Headers.TryAddWithoutValidation("x-gateway-boot", boot);
        return await plane.Http.SendAsync(request);
    }

    private static async Task<HttpStatusCode> CallAsync(TestPlane plane, string method, string path, string? header)
    {
        using var client = new HttpClient { BaseAddress = plane.Http.BaseAddress };
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method == "POST")
        {
            request.Content = new StringContent("{}");
        }

        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", header);
        }

        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
