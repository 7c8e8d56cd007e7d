using System.Net;
using System.Text.Json;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Users;

public sealed class UserTests(Servers servers)
{
    private const string Path = "/api/v1/users";

    [Fact]
    public async Task New_user_is_shown_without_its_password()
    {
        var email = $"{Guid.NewGuid():n}@Example.com";

        var answer = await servers.Shared.Admin.PostAsync(
            Path, new { email, password = "a long password", role = "auditor" });

        answer.Expect(HttpStatusCode.Created);
        Assert.StartsWith("usr_", answer.Text("id"), StringComparison.Ordinal);
        Assert.Equal(email.ToLowerInvariant(), answer.Text("email"));
        Assert.Equal(("auditor", "active"), (answer.Text("role"), answer.Text("status")));
        Assert.DoesNotContain("password", answer.Content, StringComparison.OrdinalIgnoreCase);
        var read = await servers.Shared.Admin.GetAsync(answer.Header("Location")!);
        Assert.Equal(answer.Content, read.Content);
    }

    [Fact]
    public async Task Role_left_out_is_member()
    {
        var answer = await servers.Shared.Admin.PostAsync(
            Path, new { email = $"{Guid.NewGuid():n}@example.com", password = "a long password" });

        Assert.Equal("member", answer.Text("role"));
    }

    [Theory]
    [InlineData("""{"email":"x","password":"a long password"}""", "email bad_email")]
    [InlineData("""{"email":"a@b@c","password":"a long password"}""", "email bad_email")]
    [InlineData("""{"email":"a b@c","password":"a long password"}""", "email bad_email")]
    [InlineData("""{"email":"ａ@c","password":"a long password"}""", "email bad_email")]
    [InlineData("""{"email":"a@b\r\nbcc: c","password":"a long password"}""", "email bad_email")]
    [InlineData("""{"email":"a@b","password":"short"}""", "password bad_password")]
    [InlineData("""{"email":"a@b","password":"a long password","role":"owner"}""", "role unknown_value")]
    [InlineData("""{"email":"a@b","password":"a long password","role":"Admin"}""", "role unknown_value")]
    [InlineData("""{"email":"a@b","password":"a long password","max_concurrency":0}""", "max_concurrency out_of_range")]
    [InlineData("""{"email":"a@b","password":"a long password","balance":"5"}""", "balance unknown_field")]
    [InlineData("""{"email":"a@b","password":"a long password","id":"usr_1"}""", "id unknown_field")]
    public async Task Bad_user_is_refused(string body, string error)
    {
        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Fact]
    public async Task Email_is_taken_once_whatever_its_case()
    {
        var email = $"{Guid.NewGuid():n}@example.com";
        await servers.Shared.Admin.PostAsync(Path, new { email, password = "a long password" });

        (await servers.Shared.Admin.PostAsync(
            Path, new { email = email.ToUpperInvariant(), password = "a long password" }))
            .ExpectProblem(HttpStatusCode.Conflict, "email_taken");
    }

    [Fact]
    public async Task Change_of_role_takes_effect_in_running_sessions()
    {
        var person = await servers.Shared.PersonAsync();
        (await person.Api.GetAsync(Path)).Expect(HttpStatusCode.Forbidden);

        await servers.Shared.Admin.PatchAsync($"{Path}/{person.Id}", new { role = "auditor" });

        (await person.Api.GetAsync(Path)).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task New_password_ends_the_sessions_and_works()
    {
        var person = await servers.Shared.PersonAsync();

        await servers.Shared.Admin.PatchAsync($"{Path}/{person.Id}", new { password = "another password" });

        (await person.Api.GetAsync("/api/v1/me")).Expect(HttpStatusCode.Unauthorized);
        await servers.Shared.SignInAsync(person.Email, "another password");
    }

    [Theory]
    [InlineData("""{"role":null}""")]
    [InlineData("""{"status":"deleted"}""")]
    [InlineData("""{"max_concurrency":100001}""")]
    [InlineData("""{"email":"new@example.com"}""")]
    [InlineData("""{"rpm":0}""")]
    [InlineData("""{"tpm":-1}""")]
    [InlineData("""{"weight":null}""")]
    [InlineData("""{"weight":101}""")]
    public async Task Bad_change_is_refused(string body)
    {
        var person = await servers.Shared.PersonAsync();

        (await servers.Shared.Admin.SendAsync(HttpMethod.Patch, $"{Path}/{person.Id}", body))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Rates_and_weight_are_set_left_and_taken_away()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new
        {
            email = $"rates-{Guid.NewGuid():n}@example.com", password = "a long password", rpm = 60, tpm = 5000, weight = 3,
        });
        var path = $"{Path}/{made.Expect(HttpStatusCode.Created).Text("id")}";
        Assert.Equal((60, 5000, 3), Limits(made));

        var left = await servers.Shared.Admin.PatchAsync(path, new { max_concurrency = 7 });
        var changed = await servers.Shared.Admin.PatchAsync(path, new { rpm = (int?)null, weight = 2 });

        Assert.Equal((60, 5000, 3), Limits(left));
        Assert.Equal((null, 5000, 2), Limits(changed));

        static (int?, int?, int?) Limits(Answer answer) =>
            (Number(answer, "rpm"), Number(answer, "tpm"), Number(answer, "weight"));

        static int? Number(Answer answer, string name) =>
            answer.Json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                ? value.GetInt32() : null;
    }

    [Fact]
    public async Task Change_against_an_older_version_is_refused()
    {
        var person = await servers.Shared.PersonAsync();
        var read = await servers.Shared.Admin.GetAsync($"{Path}/{person.Id}");
        var tag = read.Header("ETag")!;

        (await servers.Shared.Admin.PatchAsync($"{Path}/{person.Id}", new { max_concurrency = 7 }, ("If-Match", tag)))
            .Expect(HttpStatusCode.OK);
        (await servers.Shared.Admin.PatchAsync($"{Path}/{person.Id}", new { max_concurrency = 8 }, ("If-Match", tag)))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
    }

    [Fact]
    public async Task One_active_admin_always_remains()
    {
        await using var plane = await Plane.StartAsync(servers);
        var me = (await plane.Admin.GetAsync("/api/v1/me")).Text("id");
        var second = await plane.PersonAsync("admin");

        var answers = await Task.WhenAll(
            plane.Admin.PatchAsync($"{Path}/{me}", new { role = "member" }),
            plane.Admin.PatchAsync($"{Path}/{second.Id}", new { status = "disabled" }));

        Assert.Equal(1, answers.Count(a => a.Status == HttpStatusCode.OK));
        Assert.Equal(1, answers.Count(a => a.Code is "last_admin" or "forbidden"));
    }
}
