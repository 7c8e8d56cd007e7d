using System.Net;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Sessions;

public sealed class SessionTests(Servers servers)
{
    [Fact]
    public async Task Me_says_who_is_signed_in()
    {
        var person = await servers.Shared.PersonAsync("auditor");

        var me = await person.Api.GetAsync("/api/v1/me");

        Assert.Equal((person.Id, person.Email, "auditor"), (me.Text("id"), me.Text("email"), me.Text("role")));
    }

    [Fact]
    public async Task Logout_ends_this_session_and_no_other()
    {
        var person = await servers.Shared.PersonAsync();
        var second = await servers.Shared.SignInAsync(person.Email, person.Password);

        (await person.Api.PostAsync("/api/v1/auth/logout")).Expect(HttpStatusCode.NoContent);

        (await person.Api.GetAsync("/api/v1/me")).Expect(HttpStatusCode.Unauthorized);
        (await second.GetAsync("/api/v1/me")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Session_ends_when_it_is_idle_and_when_it_is_old()
    {
        var clock = new ShiftedClock();
        await using var plane = await Plane.StartAsync(
            servers, adjust: services => services.AddSingleton<TimeProvider>(clock));
        var idle = await plane.SignInAsync(Plane.AdminEmail, Plane.AdminPassword);
        var busy = await plane.SignInAsync(Plane.AdminEmail, Plane.AdminPassword);
        for (var hours = 0; hours < 6 * 24; hours += 11)
        {
            clock.Advance(TimeSpan.FromHours(11));
            (await busy.GetAsync("/api/v1/me")).Expect(HttpStatusCode.OK);
        }

        (await idle.GetAsync("/api/v1/me")).Expect(HttpStatusCode.Unauthorized);
        clock.Advance(TimeSpan.FromHours(11));
        clock.Advance(TimeSpan.FromHours(11));
        (await busy.GetAsync("/api/v1/me")).Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Token_is_nowhere_in_the_database()
    {
        var person = await servers.Shared.PersonAsync();
        var token = person.Api.Token!;

        await using var connection = await servers.Shared.ConnectAsync();
        var rows = await connection.QueryAsync<string>("select s::text from sessions s");

        Assert.NotEmpty(rows);
        var plain = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
            System.Text.Encoding.UTF8.GetBytes(token)));
        Assert.DoesNotContain(rows, row => row.Contains(token, StringComparison.Ordinal));
        Assert.DoesNotContain(rows, row => row.Contains(plain, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("th-ses-")]
    [InlineData("th-ses-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("sk-hub-0000000000000000000000000000000000000000000000000")]
    [InlineData("' or 1=1 --")]
    public async Task Token_that_is_none_is_refused(string token)
    {
        (await servers.Shared.With(token).GetAsync("/api/v1/me"))
            .ExpectProblem(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Changing_the_password_ends_other_sessions_and_needs_the_present_one()
    {
        var person = await servers.Shared.PersonAsync();
        var second = await servers.Shared.SignInAsync(person.Email, person.Password);

        Task<Answer> ChangeAsync(string current, string next) => person.Api.PostAsync(
            "/api/v1/me/password", new { current_password = current, new_password = next });

        (await ChangeAsync("wrong one", "a new password"))
            .ExpectProblem(HttpStatusCode.Unauthorized, "invalid_credentials");
        (await ChangeAsync(person.Password, "short"))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        (await ChangeAsync(person.Password, "a new password"))
            .Expect(HttpStatusCode.NoContent);

        (await person.Api.GetAsync("/api/v1/me")).Expect(HttpStatusCode.OK);
        (await second.GetAsync("/api/v1/me")).Expect(HttpStatusCode.Unauthorized);
        await servers.Shared.SignInAsync(person.Email, "a new password");
    }
}
