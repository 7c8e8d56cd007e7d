using System.Net;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Sessions;

public sealed class SessionCookieTests(Servers servers)
{
    [Fact]
    public async Task Cookie_is_out_of_reach_of_scripts_and_other_sites()
    {
        var (cookie, header) = await CookieAsync();

        Assert.StartsWith("tokenhub_session=th-ses-", cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", header, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", header, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("path=/", header, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain=", header, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Cookie_over_tls_is_secure_and_bound_to_the_host()
    {
        await using var plane = await Plane.StartAsync(
            servers, options => options with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });

        var answer = await plane.Anyone.PostAsync(
            "/api/v1/auth/login",
            new { email = Plane.AdminEmail, password = Plane.AdminPassword },
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-For", "203.0.113.9"));

        var header = answer.Header("Set-Cookie")!;
        Assert.StartsWith("__Host-tokenhub_session=", header, StringComparison.Ordinal);
        Assert.Contains("secure", header, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(answer.Header("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Cookie_reads_without_an_origin()
    {
        var (cookie, _) = await CookieAsync();

        (await servers.Shared.Anyone.SendAsync(HttpMethod.Get, "/api/v1/me", null, ("Cookie", cookie)))
            .Expect(HttpStatusCode.OK);
    }

    public static TheoryData<string, string> ChangingRoutes
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var row in AccessTable.Rows.Where(r => r.Door == Door.Session && r.Method != "GET"))
            {
                string[] origins = ["", "null", "https://evil.example.com", "http://127.0.0.1:1", "{own}.evil.com"];
                foreach (var origin in origins)
                {
                    cases.Add(row.Route, origin);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(ChangingRoutes))]
    public async Task Cookie_changes_nothing_from_another_origin(string route, string origin)
    {
        var (cookie, _) = await AdminCookie.Value(servers);
        var parts = route.Split(' ');
        var from = origin.Replace("{own}", servers.Shared.Address.GetLeftPart(UriPartial.Authority));
        (string, string)[] headers = origin.Length == 0 ? [("Cookie", cookie)] : [("Cookie", cookie), ("Origin", from)];

        var answer = await servers.Shared.Anyone.SendAsync(
            new HttpMethod(parts[0]), parts[1].Replace("{id}", "usr_1"), "{}", headers);

        answer.ExpectProblem(HttpStatusCode.Forbidden, "bad_origin");
    }

    [Fact]
    public async Task Cookie_changes_from_our_own_pages()
    {
        var (cookie, _) = await CookieAsync();

        var answer = await servers.Shared.Anyone.SendAsync(
            HttpMethod.Post,
            "/api/v1/keys",
            new { name = "from the console" },
            ("Cookie", cookie),
            ("Origin", servers.Shared.Address.GetLeftPart(UriPartial.Authority)));

        answer.Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Bad_bearer_token_does_not_fall_back_to_the_cookie()
    {
        var (cookie, _) = await CookieAsync();

        (await servers.Shared.With("th-ses-wrong").SendAsync(HttpMethod.Get, "/api/v1/me", null, ("Cookie", cookie)))
            .Expect(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Page_of_another_origin_gets_no_cookie_planted()
    {
        var person = await servers.Shared.PersonAsync();

        var answer = await servers.Shared.Anyone.PostAsync(
            "/api/v1/auth/login",
            new { email = person.Email, password = person.Password },
            ("Origin", "https://evil.example.com"));

        Assert.Null(answer.Header("Set-Cookie"));
    }

    private async Task<(string Cookie, string Header)> CookieAsync()
    {
        var person = await servers.Shared.PersonAsync();
        return await AdminCookie.OfAsync(servers.Shared, person.Email, person.Password);
    }

    private static class AdminCookie
    {
        private static Task<(string, string)>? s_cookie;

        public static Task<(string Cookie, string Header)> Value(Servers servers) =>
            s_cookie ??= OfAsync(servers.Shared, Plane.AdminEmail, Plane.AdminPassword);

        public static async Task<(string Cookie, string Header)> OfAsync(Plane plane, string email, string password)
        {
            var answer = await plane.Anyone.PostAsync("/api/v1/auth/login", new { email, password });
            var header = answer.Header("Set-Cookie")!;
            return (header.Split(';')[0], header);
        }
    }
}
