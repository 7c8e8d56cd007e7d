using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.ControlPlane.Tests.Usage;

/// <summary>A user with credit, a key, a channel and a price, and a gateway that serves him.</summary>
internal sealed class RequestWorld
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static readonly Dictionary<Plane, (RequestIdSource Ids, int Lsn)> Gateways = [];

    private Plane _plane = null!;
    private RequestIdSource _ids = null!;
    private Person? _owner;
    private int _ownerShareBp;

    public Person Person { get; private set; } = null!;

    public string Channel { get; private set; } = "";

    public string Key { get; private set; } = "";

    public string Price { get; private set; } = "";

    public static async Task<RequestWorld> MakeAsync(Plane plane, Person? owner = null, int ownerShareBp = 0)
    {
        var world = new RequestWorld { _plane = plane, Person = await plane.PersonAsync() };
        world._owner = owner;
        world._ownerShareBp = ownerShareBp;
        await plane.Admin.PostAsync(
            $"/api/v1/users/{world.Person.Id}/credits", new { amount = "10", reason = "test" });
        world.Key = (await world.Person.Api.PostAsync("/api/v1/keys", new { name = "k" })).Text("id");
        world.Channel = (await plane.Admin.PostAsync("/api/v1/channels", new
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
            Channel = Number(Channel),
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
            Attempts = [new AttemptRecord(Number(Channel), 503, AttemptFault.UpstreamStatus, 12)],
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

    public static long Number(string wireId) => long.Parse(wireId[4..], CultureInfo.InvariantCulture);
}
