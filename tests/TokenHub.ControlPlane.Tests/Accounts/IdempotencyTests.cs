using System.Net;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Accounts;

public sealed class IdempotencyTests(Servers servers)
{
    private const string Header = "Idempotency-Key";

    [Fact]
    public async Task Same_key_and_body_give_the_same_answer_and_one_posting()
    {
        var person = await servers.Shared.PersonAsync();
        var key = Guid.NewGuid().ToString();

        var first = await CreditAsync(person, "2", key);
        var second = await CreditAsync(person, "2", key);

        first.Expect(HttpStatusCode.Created);
        second.Expect(HttpStatusCode.Created);
        Assert.Equal(first.Content, second.Content);
        Assert.Equal("true", second.Header("Idempotency-Replayed"));
        Assert.Null(first.Header("Idempotency-Replayed"));
        Assert.Equal("2.00000000", (await person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
    }

    [Fact]
    public async Task Same_key_with_another_body_or_user_is_refused()
    {
        var person = await servers.Shared.PersonAsync();
        var other = await servers.Shared.PersonAsync();
        var key = Guid.NewGuid().ToString();
        await CreditAsync(person, "2", key);

        (await CreditAsync(person, "3", key))
            .ExpectProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        (await CreditAsync(other, "2", key))
            .ExpectProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
    }

    [Fact]
    public async Task Parallel_repeats_post_once()
    {
        var person = await servers.Shared.PersonAsync();
        var key = Guid.NewGuid().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => CreditAsync(person, "1.5", key)));

        Assert.Single(answers.Select(a => a.Expect(HttpStatusCode.Created).Content).Distinct());
        Assert.Equal("1.50000000", (await person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
    }

    [Fact]
    public async Task Parallel_credits_without_a_key_all_count()
    {
        var person = await servers.Shared.PersonAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CreditAsync(person, "0.10000001", null)));

        Assert.Equal("2.00000020", (await person.Api.GetAsync("/api/v1/wallet")).Text("balance"));
    }

    [Fact]
    public async Task Refused_call_leaves_its_key_free()
    {
        var person = await servers.Shared.PersonAsync();
        var key = Guid.NewGuid().ToString();

        (await servers.Shared.Admin.PostAsync(
            "/api/v1/users/usr_99999/credits", new { amount = "1", reason = "test" }, (Header, key)))
            .Expect(HttpStatusCode.NotFound);
        (await CreditAsync(person, "1", key)).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Keys_of_different_admins_do_not_meet()
    {
        var person = await servers.Shared.PersonAsync();
        var second = await servers.Shared.PersonAsync("admin");
        var key = Guid.NewGuid().ToString();
        await CreditAsync(person, "1", key);

        (await second.Api.PostAsync(
            $"/api/v1/users/{person.Id}/credits", new { amount = "2", reason = "test" }, (Header, key)))
            .Expect(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    [InlineData("tab\tinside")]
    public async Task Key_that_is_none_is_refused(string key)
    {
        var person = await servers.Shared.PersonAsync();

        (await CreditAsync(person, "1", key)).ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await CreditAsync(person, "1", new string('k', 201)))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    private Task<Answer> CreditAsync(Person person, string amount, string? key) => servers.Shared.Admin.PostAsync(
        $"/api/v1/users/{person.Id}/credits",
        new { amount, reason = "test" },
        key is null ? [] : [(Header, key)]);
}
