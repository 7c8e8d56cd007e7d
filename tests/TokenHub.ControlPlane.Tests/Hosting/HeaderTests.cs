using System.Net;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Hosting;

public sealed class HeaderTests(Servers servers)
{
    [Theory]
    [InlineData("/")]
    [InlineData("/site.css")]
    [InlineData("/healthz")]
    [InlineData("/api/v1/openapi.json")]
    [InlineData("/api/v1/me")]
    [InlineData("/no/such/page")]
    public async Task Every_answer_is_guarded(string path)
    {
        var answer = await servers.Shared.Anyone.GetAsync(path);

        var policy = answer.Header("Content-Security-Policy")!;
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("DENY", answer.Header("X-Frame-Options"));
        Assert.Equal("no-referrer", answer.Header("Referrer-Policy"));
        Assert.Null(answer.Header("Server"));
        Assert.Matches("^[0-9a-f]{32}$", answer.Header("x-request-id"));
    }

    [Theory]
    [InlineData("my-id.1", true)]
    [InlineData("with blank", false)]
    [InlineData("<script>", false)]
    public async Task Request_id_of_the_caller_is_kept_where_it_is_harmless(string id, bool isKept)
    {
        var answer = await servers.Shared.Anyone.SendAsync(HttpMethod.Get, "/api/v1/me", null, ("x-request-id", id));

        Assert.Equal(isKept, answer.Header("x-request-id") == id);
        Assert.Equal(answer.Header("x-request-id"), answer.Text("request_id"));
    }

    [Fact]
    public async Task Answers_of_the_api_are_not_stored() =>
        Assert.Equal("no-store", (await servers.Shared.Admin.GetAsync("/api/v1/me")).Header("Cache-Control"));

    [Theory]
    [InlineData("GET", "/api/v1/nothing", HttpStatusCode.NotFound, "not_found")]
    [InlineData("DELETE", "/api/v1/me", HttpStatusCode.MethodNotAllowed, "method_not_allowed")]
    public async Task What_routing_refuses_is_a_problem_too(
        string method, string path, HttpStatusCode status, string code)
    {
        (await servers.Shared.Admin.SendAsync(new HttpMethod(method), path)).ExpectProblem(status, code);
    }

    [Fact]
    public async Task Page_and_style_are_served_without_anything_inline()
    {
        var page = await servers.Shared.Anyone.GetAsync("/");
        var style = await servers.Shared.Anyone.GetAsync("/site.css");
        var again = await servers.Shared.Anyone.SendAsync(
            HttpMethod.Get, "/", null, ("If-None-Match", page.Header("ETag")!));

        Assert.Equal("text/html; charset=utf-8", page.Header("Content-Type"));
        Assert.Equal("text/css; charset=utf-8", style.Header("Content-Type"));
        Assert.Contains("prefers-color-scheme: dark", style.Content, StringComparison.Ordinal);
        Assert.Contains("/api/v1/openapi.json", page.Content, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page.Content, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<style", page.Content, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(" style=", page.Content, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.NotModified, again.Status);
    }

    [Fact]
    public async Task Origins_are_let_in_only_when_they_are_listed()
    {
        await using var plane = await Plane.StartAsync(
            servers, options => options with { CorsOrigins = ["https://console.example.com"] });

        var listed = await PreflightAsync(plane, "https://console.example.com");
        var other = await PreflightAsync(plane, "https://evil.example.com");
        var off = await PreflightAsync(servers.Shared, "https://console.example.com");

        Assert.Equal("https://console.example.com", listed.Header("Access-Control-Allow-Origin"));
        Assert.Null(listed.Header("Access-Control-Allow-Credentials"));
        Assert.Null(other.Header("Access-Control-Allow-Origin"));
        Assert.Null(off.Header("Access-Control-Allow-Origin"));
    }

    private static Task<Answer> PreflightAsync(Plane plane, string origin) => plane.Anyone.SendAsync(
        HttpMethod.Options,
        "/api/v1/keys",
        null,
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization,content-type"));
}
