using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Options;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Sessions;

public sealed class LoginTests(Servers servers)
{
    private const string Path = "/api/v1/auth/login";

    [Fact]
    public async Task Right_password_gives_a_token_and_the_user()
    {
        var person = await servers.Shared.PersonAsync();

        var answer = await LoginAsync(servers.Shared, person.Email.ToUpperInvariant(), person.Password);

        answer.Expect(HttpStatusCode.OK);
        Assert.Matches("^th-ses-[A-Za-z0-9_-]{43}$", answer.Text("token"));
        Assert.Equal(person.Id, answer.Json.GetProperty("user").Str("id"));
        Assert.Equal("member", answer.Json.GetProperty("user").Str("role"));
    }

    [Fact]
    public async Task Wrong_password_and_unknown_account_answer_alike()
    {
        var person = await servers.Shared.PersonAsync();

        var wrong = await LoginAsync(servers.Shared, person.Email, "not the password");
        var unknown = await LoginAsync(servers.Shared, "stranger@example.com", "not the password");
        var malformed = await LoginAsync(servers.Shared, "no address at all", "not the password");

        foreach (var answer in new[] { wrong, unknown, malformed })
        {
            answer.ExpectProblem(HttpStatusCode.Unauthorized, "invalid_credentials");
            Assert.Equal(wrong.Text("detail"), answer.Text("detail"));
            Assert.Null(answer.Header("Set-Cookie"));
        }
    }

    [Fact]
    public async Task Guessing_at_one_account_is_slowed_down_and_a_right_password_must_wait_too()
    {
        var clock = new ShiftedClock();
        await using var plane = await StartAsync(clock);
        var person = await plane.PersonAsync();
        for (var i = 0; i < 5; i++)
        {
            (await LoginAsync(plane, person.Email, $"guess {i}")).Expect(HttpStatusCode.Unauthorized);
        }

        var early = await LoginAsync(plane, person.Email, person.Password);
        clock.Advance(TimeSpan.FromSeconds(2));
        var late = await LoginAsync(plane, person.Email, person.Password);

        early.ExpectProblem(HttpStatusCode.TooManyRequests, "too_many_requests");
        Assert.Equal("1", early.Header("Retry-After"));
        late.Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Unknown_account_is_slowed_down_like_a_known_one()
    {
        await using var plane = await StartAsync(new ShiftedClock());
        for (var i = 0; i < 5; i++)
        {
            await LoginAsync(plane, "stranger@example.com", "guess");
        }

        (await LoginAsync(plane, "stranger@example.com", "guess"))
            .ExpectProblem(HttpStatusCode.TooManyRequests, "too_many_requests");
    }

    [Fact]
    public async Task Right_password_forgives_the_failures_before_it()
    {
        await using var plane = await StartAsync(new ShiftedClock());
        var person = await plane.PersonAsync();
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                (await LoginAsync(plane, person.Email, "guess")).Expect(HttpStatusCode.Unauthorized);
            }

            (await LoginAsync(plane, person.Email, person.Password)).Expect(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Parallel_guesses_do_not_slip_past_the_count()
    {
        await using var plane = await StartAsync(new ShiftedClock());
        var person = await plane.PersonAsync();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => LoginAsync(plane, person.Email, $"guess {i}")));

        Assert.Equal(5, answers.Count(a => a.Status == HttpStatusCode.Unauthorized));
        Assert.Equal(15, answers.Count(a => a.Status == HttpStatusCode.TooManyRequests));
    }

    [Fact]
    public async Task Trying_many_accounts_from_one_address_is_slowed_down()
    {
        await using var plane = await StartAsync(new ShiftedClock());
        for (var i = 0; i < 30; i++)
        {
            (await LoginAsync(plane, $"stranger{i}@example.com", "guess")).Expect(HttpStatusCode.Unauthorized);
        }

        (await LoginAsync(plane, "another@example.com", "guess")).Expect(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task Forwarded_address_counts_only_from_a_trusted_proxy()
    {
        await using var trusting = await StartAsync(
            new ShiftedClock(),
            o => o with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("10.0.0.0/8")] });
        for (var i = 0; i < 31; i++)
        {
            await LoginAsync(servers: trusting, $"s{i}@example.com", "guess", "203.0.113.7, 10.1.2.3");
        }

        var same = await LoginAsync(trusting, "t@example.com", "guess", "203.0.113.7");
        var forged = await LoginAsync(trusting, "t@example.com", "guess", "198.51.100.1, 203.0.113.7, 10.9.9.9");
        var other = await LoginAsync(trusting, "t@example.com", "guess", "203.0.113.8");

        same.Expect(HttpStatusCode.TooManyRequests);
        forged.Expect(HttpStatusCode.TooManyRequests);
        other.Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Disabled_user_cannot_sign_in()
    {
        var person = await servers.Shared.PersonAsync();
        (await servers.Shared.Admin.PatchAsync($"/api/v1/users/{person.Id}", new { status = "disabled" }))
            .Expect(HttpStatusCode.OK);

        (await LoginAsync(servers.Shared, person.Email, person.Password))
            .ExpectProblem(HttpStatusCode.Forbidden, "account_disabled");
        (await person.Api.GetAsync("/api/v1/me")).ExpectProblem(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Password_beyond_the_longest_is_wrong_without_being_hashed()
    {
        var person = await servers.Shared.PersonAsync();

        (await LoginAsync(servers.Shared, person.Email, new string('x', 100_000))).Expect(HttpStatusCode.Unauthorized);
    }

    private Task<Plane> StartAsync(
        ShiftedClock clock, Func<ControlPlaneOptions, ControlPlaneOptions>? change = null) =>
        Plane.StartAsync(servers, change, services => services.AddSingleton<TimeProvider>(clock));

    private static Task<Answer> LoginAsync(Plane servers, string email, string password, string? forwarded = null) =>
        servers.Anyone.PostAsync(
            Path, new { email, password }, forwarded is null ? [] : [("X-Forwarded-For", forwarded)]);
}
