using System.Net;
using System.Net.Http.Headers;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Site;

public sealed class SiteTests(Servers servers) : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tokenhub-site-").FullName;
    private Plane _plane = null!;

    public async ValueTask InitializeAsync()
    {
        _plane = await Plane.StartAsync(servers, options => options with { ConsoleFiles = _folder });
    }

    [Fact]
    public async Task Page_is_asked_for_each_time_and_assets_are_kept_for_ever()
    {
        Build();

        var page = await GetAsync("/");
        var asset = await GetAsync("/assets/app-1.js");

        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        Assert.True(page.Headers.CacheControl!.NoCache);
        Assert.Equal("text/javascript; charset=utf-8", asset.Content.Headers.ContentType!.ToString());
        Assert.Equal("public, max-age=31536000, immutable", asset.Headers.CacheControl!.ToString());
    }

    [Theory]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/channels/chn_1001", HttpStatusCode.OK)]
    [InlineData("/assets/gone.js", HttpStatusCode.NotFound)]
    [InlineData("/robots.txt", HttpStatusCode.NotFound)]
    [InlineData("/.sources", HttpStatusCode.NotFound)]
    [InlineData("/%2e%2e/secret.txt", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("/api", HttpStatusCode.NotFound)]
    [InlineData("/internal/v1/nothing", HttpStatusCode.NotFound)]
    public async Task Unknown_paths_are_pages_unless_they_are_files_or_the_api(string path, HttpStatusCode status)
    {
        Build();
        var answer = await GetAsync(path);

        Assert.Equal(status, answer.StatusCode);
        if (status == HttpStatusCode.OK)
        {
            Assert.Equal("<p>page</p>", await answer.Content.ReadAsStringAsync(Cancel));
        }
    }

    [Theory]
    [InlineData("br, gzip", "br", "brotli")]
    [InlineData("gzip", "gzip", "gzipped")]
    [InlineData("identity", null, "whole")]
    public async Task Assets_are_sent_as_their_build_compressed_them(string accepted, string? encoding, string content)
    {
        Build();

        var answer = await GetAsync("/assets/app-1.js", accepted);
        var again = await GetAsync("/assets/app-1.js", accepted, answer.Headers.ETag);

        Assert.Equal(encoding is null ? [] : [encoding], answer.Content.Headers.ContentEncoding);
        Assert.Equal(content, await answer.Content.ReadAsStringAsync(Cancel));
        Assert.Contains("Accept-Encoding", answer.Headers.Vary);
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
    }

    [Fact]
    public async Task Only_reading_reaches_the_page()
    {
        Build();

        using var post = await _plane.Http.PostAsync("/health", null, Cancel);
        using var head = await _plane.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/health"), Cancel);

        Assert.Equal(HttpStatusCode.NotFound, post.StatusCode);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal("<p>page</p>".Length, head.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task Plain_page_stands_in_until_there_is_a_build_and_a_new_build_replaces_it()
    {
        var before = await GetAsync("/");
        Build();
        var built = await GetAsync("/");
        File.WriteAllText(Path.Combine(_folder, "index.html"), "<p>newer</p>");
        File.SetLastWriteTimeUtc(Path.Combine(_folder, "index.html"), DateTime.UtcNow.AddSeconds(5));
        var newer = await GetAsync("/");

        Assert.Contains("/api/v1/openapi.json", await before.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(["5"], before.Headers.GetValues("Refresh"));
        Assert.Equal("<p>page</p>", await built.Content.ReadAsStringAsync(Cancel));
        Assert.False(built.Headers.Contains("Refresh"));
        Assert.Equal("<p>newer</p>", await newer.Content.ReadAsStringAsync(Cancel));
    }

    public async ValueTask DisposeAsync()
    {
        await _plane.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private void Build()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "assets"));
        foreach (var (name, text) in new[]
        {
            ("assets/app-1.js", "whole"), ("assets/app-1.js.br", "brotli"), ("assets/app-1.js.gz", "gzipped"),
            (".sources", "hash"), ("index.html", "<p>page</p>"),
        })
        {
            File.WriteAllText(Path.Combine(_folder, name), text);
        }
    }

    private async Task<HttpResponseMessage> GetAsync(
        string path, string accepted = "identity", EntityTagHeaderValue? tag = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd(accepted);
        if (tag is not null)
        {
            request.Headers.IfNoneMatch.Add(tag);
        }

        return await _plane.Http.SendAsync(request, Cancel);
    }
}
