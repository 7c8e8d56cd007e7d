using System.Text;
using System.Text.Json;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Translation;

/// <summary>Pictures are brought from where a caller says, and from nowhere that he must not reach.</summary>
public sealed class MediaFetchTests : IAsyncLifetime
{
    private static readonly byte[] Png = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, 1, 2, 3];
    private readonly ScriptedUpstream _server = ScriptedUpstream.Start();
    private readonly GatewayOptions _options = TestOptions.Create() with
    {
        AllowPrivateMedia = true,
        MediaBytesMax = 1000,
        MediaBytesInAllMax = 1500,
        MediaTimeout = TimeSpan.FromSeconds(5),
    };

    public static TheoryData<string> RefusedAddresses =>
    [
        "https://127.0.0.1/a.png", "https://127.1/a.png", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
        "https://0/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/", "https://localhost/", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/", "https://[fd00::1]/", "https://100.64.0.1/",
        "https://224.0.0.1/", "https://①②⑦.0.0.1/",
        "http://example.com/a.png", "https://example.com:8443/a.png", "https://user:pw@example.com/", "ftp://example.com/",
        "file:///etc/passwd", "//example.com", "nonsense", "https://", "data:image/png;base64,AAAA",
    ];

    public ValueTask InitializeAsync() => default;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(RefusedAddresses))]
    public async Task Address_that_nobody_may_reach_is_refused(string url)
    {
        var error = await Assert.ThrowsAsync<UntranslatableException>(
            () => BringAsync(_options with { AllowPrivateMedia = false, AllowPrivateUpstreams = true }, url));

        Assert.Equal("messages", error.Param);
    }

    [Fact]
    public async Task Picture_takes_the_place_of_its_address_also_in_a_result()
    {
        _server.Default = _ => Answer(Png, "image/png");
        var picture = new MediaPart(MediaKind.Image) { Url = $"{_server.Url}/a.png?x=1" };
        var inside = new MediaPart(MediaKind.Image) { Url = $"{_server.Url}/b.png" };

        await BringAsync(_options, picture, new ResultPart("call_1", [inside]));

        foreach (var part in new[] { picture, inside })
        {
            Assert.Equal((null, "image/png"), (part.Url, part.MimeType));
            Assert.Equal(Convert.ToBase64String(Png), Encoding.ASCII.GetString(part.Base64.Span));
        }

        var request = _server.Requests[0];
        Assert.Equal(("GET", "/a.png?x=1"), (request.Method, request.Target));
        Assert.Null(request.Header("authorization"));
    }

    [Fact]
    public async Task Redirects_are_followed_three_times_and_checked_each_time()
    {
        _server.Enqueue(Redirect("/2")).Enqueue(Redirect($"{_server.Url}/3")).Enqueue(Redirect("/4")).Enqueue(Answer(Png, "image/png"));
        await BringAsync(_options, _server.Url + "/1");
        Assert.Equal(["/1", "/2", "/3", "/4"], _server.Requests.Select(r => r.Target));

        _server.Default = _ => Redirect("/more");
        await Assert.ThrowsAsync<UntranslatableException>(() => BringAsync(_options, _server.Url + "/1"));
        Assert.Equal(8, _server.Requests.Count);

        _server.Default = _ => Redirect("file:///etc/passwd");
        await Assert.ThrowsAsync<UntranslatableException>(() => BringAsync(_options, _server.Url + "/1"));
    }

    [Theory]
    [InlineData("image/png", "<html>", false)]
    [InlineData("text/html", "GIF89a", false)]
    [InlineData("image/gif", "GIF89a", true)]
    [InlineData("application/pdf", "%PDF-1.7", true)]
    [InlineData("image/png", "%PDF-1.7", false)]
    [InlineData("application/octet-stream", "%PDF-1.7", true)]
    [InlineData("image/svg+xml", "<svg/>", false)]
    public async Task Type_is_believed_when_the_bytes_say_the_same(string type, string bytes, bool isTaken)
    {
        _server.Default = _ => Answer(Encoding.ASCII.GetBytes(bytes), type);

        var bringing = BringAsync(_options, _server.Url + "/a");

        await (isTaken ? bringing : Assert.ThrowsAsync<UntranslatableException>(() => bringing));
    }

    [Fact]
    public async Task Bytes_time_and_status_have_their_limits()
    {
        byte[] large = [.. Png, .. new byte[990]];
        var hasty = _options with { MediaTimeout = TimeSpan.FromMilliseconds(300) };
        await AssertRefusedAsync(_options, Answer(large, "image/png"));
        await AssertRefusedAsync(
            _options, ScriptedUpstreamScript.Head(200, "content-type: image/png", "transfer-encoding: chunked").Chunk(large).EndChunks());
        await AssertRefusedAsync(
            hasty, ScriptedUpstreamScript.Head(200, "content-type: image/png", "content-length: 50").Send(Png).Hang());
        await AssertRefusedAsync(_options, ScriptedUpstreamScript.Answer(404, "no"));

        byte[] half = [.. Png, .. new byte[800]];
        _server.Default = _ => Answer(half, "image/png");
        await BringAsync(_options, _server.Url);
        await Assert.ThrowsAsync<UntranslatableException>(() => BringAsync(
            _options, new MediaPart(MediaKind.Image) { Url = _server.Url }, new MediaPart(MediaKind.Image) { Url = _server.Url }));
    }

    private async Task AssertRefusedAsync(GatewayOptions options, ScriptedUpstreamScript answer)
    {
        _server.Default = _ => answer;
        await Assert.ThrowsAsync<UntranslatableException>(() => BringAsync(options, _server.Url));
    }

    private static ScriptedUpstreamScript Answer(byte[] bytes, string type) =>
        ScriptedUpstreamScript.Head(200, $"content-type: {type}", $"content-length: {bytes.Length}").Send(bytes);

    private static ScriptedUpstreamScript Redirect(string to) =>
        ScriptedUpstreamScript.Head(302, $"location: {to}", "content-length: 0");

    private static Task BringAsync(GatewayOptions options, string url) =>
        BringAsync(options, new MediaPart(MediaKind.Image) { Url = url });

    private static async Task BringAsync(GatewayOptions options, params ChatPart[] parts)
    {
        using var request = new ChatRequest(JsonDocument.Parse("{}"));
        var turn = new ChatTurn(ChatRole.User);
        turn.Parts.AddRange(parts);
        request.Turns.Add(turn);
        await new MediaFetch(options).BringAsync(request, new NoUrls(), new UpstreamModel("m"), TestContext.Current.CancellationToken);
    }

    private sealed class NoUrls : IRequestWriter
    {
        public bool TakesUrl(MediaPart part, UpstreamModel model) => false;

        public void Write(ChatRequest request, UpstreamModel model, System.Buffers.IBufferWriter<byte> body, Dropped dropped)
        {
        }
    }
}
