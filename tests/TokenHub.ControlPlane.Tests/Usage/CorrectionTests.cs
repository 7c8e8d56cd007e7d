using System.Net;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Usage;

namespace TokenHub.ControlPlane.Tests.Usage;

/// <summary>Money given back for a request, over the API.</summary>
public sealed class CorrectionTests(Servers servers)
{
    private static readonly TokenUsage Usage = new() { Input = 1000, Output = 500 };

    [Fact]
    public async Task Correction_is_in_receipt_wallet_ledger_and_key()
    {
        var owner = await servers.Shared.PersonAsync();
        var world = await RequestWorld.MakeAsync(servers.Shared, owner, ownerShareBp: 2500);
        var record = world.Record(Outcome.Completed, Usage);
        await world.ShipAsync([record]);

        var answer = await CorrectAsync(record, "0.00100000", "slow", "k1");

        answer.Expect(HttpStatusCode.Created);
        Assert.Equal(
            ("0.00100000", "0.00025000", "0.00075000", 1),
            (answer.Text("amount"), answer.Text("owner_part"), answer.Text("platform_part"), answer.Json.Int("seq")));
        var receipt = (await world.Person.Api.GetAsync($"/api/v1/requests/{record.RequestId}")).Json;
        Assert.Equal(
            ("0.00750000", "0.00100000", "0.00650000"),
            (receipt.Str("cost"), receipt.Str("refunded"), receipt.Str("net_cost")));
        var correction = Assert.Single(receipt.At("corrections").EnumerateArray());
        Assert.Equal("slow", correction.Str("reason"));
        Assert.True(correction.IsNull("created_by"));
        Assert.Equal(
            ["hold", "settle", "correction"], receipt.At("stages").EnumerateArray().Select(s => s.Str("name")));
        Assert.Equal("9.99350000", (await world.Person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
        Assert.Equal("0.00162500", (await owner.Api.GetAsync("/api/v1/wallet")).Text("balance"));
        Assert.Equal("0.00650000", (await world.Person.Api.GetAsync($"/api/v1/keys/{world.Key}")).Text("spent"));
        var posted = Assert.Single((await world.Person.Api.GetAsync("/api/v1/ledger?kind=correction_owner")).Data());
        Assert.Equal(("0.00025000", "slow"), (posted.Str("amount"), posted.Str("reason")));
        var verify = await servers.Shared.Admin.GetAsync("/api/v1/ledger/verify");
        Assert.True(verify.Json.Bool("ok"), verify.Content);
        Assert.True(verify.Json.At("chain").Bool("ok"));
    }

    [Fact]
    public async Task Key_is_mandatory_and_repeats_do_nothing()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.Completed, Usage);
        await world.ShipAsync([record]);

        Assert.Equal(["Idempotency-Key required"], (await CorrectAsync(record, "0.001", "slow", null))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request").Errors);
        var first = (await CorrectAsync(record, "0.001", "slow", "a")).Expect(HttpStatusCode.Created);
        var sameKey = (await CorrectAsync(record, "0.001", "slow", "a")).Expect(HttpStatusCode.Created);
        var sameReason = (await CorrectAsync(record, "0.001", "slow", "b")).Expect(HttpStatusCode.Created);
        (await CorrectAsync(record, "0.002", "slow", "c")).ExpectProblem(HttpStatusCode.Conflict, "conflict");
        (await CorrectAsync(record, "0.002", "slow", "a"))
            .ExpectProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");

        Assert.Equal(first.Content, sameKey.Content);
        Assert.Equal(first.Content, sameReason.Content);
        Assert.Equal(
            (null, "true", "true"),
            (first.Header("Idempotency-Replayed"), sameKey.Header("Idempotency-Replayed"),
                sameReason.Header("Idempotency-Replayed")));
        Assert.Equal("9.99350000", (await world.Person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
    }

    [Fact]
    public async Task Parallel_and_repeated_calls_give_back_at_most_the_cost()
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.Completed, Usage);
        await world.ShipAsync([record]);

        // Ten reasons, each five times, two fifths of the cost each: two fit.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(
            i => CorrectAsync(record, "0.003", $"reason {i % 10}", $"p{i}")));

        Assert.Equal(2, answers.Count(a => a.Status == HttpStatusCode.Created
            && a.Header("Idempotency-Replayed") is null));
        Assert.All(answers, a => Assert.True(a.Status is HttpStatusCode.Created or HttpStatusCode.BadRequest, a.Content));
        Assert.Equal("9.99850000", (await world.Person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
    }

    [Theory]
    [InlineData("""{"amount":"0.001"}""")]
    [InlineData("""{"amount":"0.001","reason":""}""")]
    [InlineData("""{"amount":"0.001","reason":"a\nb"}""")]
    [InlineData("""{"amount":"0.001","reason":"x","owner_part":"0"}""")]
    [InlineData("""{"amount":"0.001","reason":"x","created_by":"usr_1"}""")]
    [InlineData("""{"amount":"0.001","reason":"x","seq":7}""")]
    [InlineData("""{"amount":"0.001","reason":"x","request_id":"req_1"}""")]
    public async Task Body_takes_an_amount_and_a_reason_and_nothing_else(string body)
    {
        var world = await RequestWorld.MakeAsync(servers.Shared);
        var record = world.Record(Outcome.Completed, Usage);
        await world.ShipAsync([record]);

        (await servers.Shared.Admin.SendAsync(
            HttpMethod.Post, $"/api/v1/requests/{record.RequestId}/corrections", body, ("Idempotency-Key", "x")))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Unknown_request_is_not_found()
    {
        var body = new { amount = "1", reason = "x" };

        foreach (var id in new[] { "req_00000000000000000000000000000001", "nonsense", "usr_1001" })
        {
            (await servers.Shared.Admin.PostAsync(
                $"/api/v1/requests/{id}/corrections", body, ("Idempotency-Key", "nf" + id)))
                .ExpectProblem(HttpStatusCode.NotFound, "not_found");
        }
    }

    private Task<Answer> CorrectAsync(UsageRecord record, string amount, string reason, string? key) =>
        servers.Shared.Admin.PostAsync(
            $"/api/v1/requests/{record.RequestId}/corrections",
            new { amount, reason },
            key is null ? [] : [("Idempotency-Key", $"{record.RequestId}/{key}")]);
}
