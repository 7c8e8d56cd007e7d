using System.Net;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Accounts;

public sealed class CreditTests(Servers servers)
{
    [Theory]
    [InlineData("0")]
    [InlineData("0.00000000")]
    [InlineData("00")]
    public async Task Nothing_cannot_be_credited(string amount)
    {
        var person = await servers.Shared.PersonAsync();

        var answer = await CreditAsync(person, amount);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Theory]
    [InlineData("0.00000001", "0.00000001")]
    [InlineData("1", "1.00000000")]
    [InlineData("010.5", "10.50000000")]
    [InlineData("12.34567890", "12.34567890")]
    [InlineData("90071992.54740991", "90071992.54740991")]
    public async Task Credit_is_posted_to_the_last_decimal(string amount, string posted)
    {
        var person = await servers.Shared.PersonAsync();

        var answer = await CreditAsync(person, amount);

        answer.Expect(HttpStatusCode.Created);
        Assert.Equal((posted, posted), (answer.Text("amount"), answer.Text("balance")));
        Assert.StartsWith("led_", answer.Text("id"), StringComparison.Ordinal);
        var wallet = await person.Api.GetAsync("/api/v1/wallet");
        Assert.Equal(
            (posted, "0.00000000", posted),
            (wallet.Text("balance"), wallet.Text("held"), wallet.Text("available")));
        Assert.True(wallet.Json.Bool("live"));
        var seen = await servers.Shared.Admin.GetAsync($"/api/v1/users/{person.Id}/wallet");
        Assert.Equal(wallet.Content, seen.Content);
    }

    [Fact]
    public async Task Balance_never_grows_beyond_what_redis_can_count()
    {
        var person = await servers.Shared.PersonAsync();
        (await CreditAsync(person, "90071992.54740991")).Expect(HttpStatusCode.Created);

        (await CreditAsync(person, "0.00000001")).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Credit_for_nobody_is_not_found()
    {
        var body = new { amount = "1", reason = "test" };

        (await servers.Shared.Admin.PostAsync("/api/v1/users/usr_99999/credits", body)).Expect(HttpStatusCode.NotFound);
        (await servers.Shared.Admin.PostAsync("/api/v1/users/usr_1/credits", body)).Expect(HttpStatusCode.NotFound);
        (await servers.Shared.Admin.PostAsync("/api/v1/users/usr_2/credits", body)).Expect(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"amount":"1"}""")]
    [InlineData("""{"amount":"1","reason":""}""")]
    [InlineData("""{"amount":"1","reason":"a\nb"}""")]
    [InlineData("""{"amount":"1","reason":"x","kind":"debit"}""")]
    [InlineData("""{"amount":"1","reason":"x","created_by":"usr_1001"}""")]
    public async Task Credit_needs_a_reason_and_nothing_else(string body)
    {
        var person = await servers.Shared.PersonAsync();

        (await servers.Shared.Admin.SendAsync(HttpMethod.Post, $"/api/v1/users/{person.Id}/credits", body))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Every_credit_has_two_sides_in_the_ledger()
    {
        var person = await servers.Shared.PersonAsync();
        await CreditAsync(person, "5");

        var own = (await person.Api.GetAsync("/api/v1/ledger")).Json.GetProperty("data");
        var verify = await servers.Shared.Admin.GetAsync("/api/v1/ledger/verify");

        var entry = Assert.Single(own.EnumerateArray());
        Assert.Equal(
            (person.Id, "issuance", "credit", "5.00000000"),
            (entry.Str("account"), entry.Str("counterparty"),
                entry.Str("kind"), entry.Str("amount")));
        Assert.True(verify.Json.Bool("ok"), verify.Content);
        Assert.Equal("0.00000000", verify.Text("sum"));
    }

    private Task<Answer> CreditAsync(Person person, string amount) =>
        servers.Shared.Admin.PostAsync($"/api/v1/users/{person.Id}/credits", new { amount, reason = "test" });
}
