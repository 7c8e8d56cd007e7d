using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Listening;

[Trait("needs", "redis")]
public sealed class BodyRefusalTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private readonly GatewayRig _rig = shared.Rig;

    public static TheoryData<string, string> BadBodies
    {
        get
        {
            var bodies = new TheoryData<string, string>
            {
                { "empty", "" },
                { "blank", "  \r\n " },
                { "not json", "hello" },
                { "cut off", """{"model":"m","messages":[""" },
                { "an array", "[]" },
                { "a number", "42" },
                { "two documents", """{"model":"m"}{"model":"x"}""" },
                { "trailing comma", """{"model":"m",}""" },
                { "a comment", """{"model":"m"/* x */}""" },
                { "model twice", """{"model":"m","model":"x","messages":[]}""" },
                { "model twice, once escaped", """{"model":"m","\u006dodel":"x","messages":[]}""" },
                { "model in another case", """{"Model":"m","messages":[]}""" },
                { "no model", """{"messages":[]}""" },
                { "model a number", """{"model":7,"messages":[]}""" },
                { "model null", """{"model":null,"messages":[]}""" },
                { "model too long", $$"""{"model":"{{new string('m', 129)}}","messages":[]}""" },
                { "stream a word", """{"model":"m","stream":"yes","messages":[]}""" },
                { "max_tokens a word", """{"model":"m","max_tokens":"many","messages":[]}""" },
                { "max_tokens negative", """{"model":"m","max_tokens":-1,"messages":[]}""" },
                { "n absurd", """{"model":"m","n":100000,"messages":[]}""" },
                { "depth 65", $$"""{"model":"m","messages":{{new string('[', 64)}}{{new string(']', 64)}}}""" },
            };
            return bodies;
        }
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task Bad_body_is_400_with_a_sentence_in_both_shapes_and_holds_nothing(string what, string body)
    {
        Assert.NotEmpty(what);
        await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var caller = await _rig.AddCallerAsync();

        using var chat = await caller.PostAsync("/v1/chat/completions", body);
        using var messages = await caller.PostAsync("/v1/messages", body);

        await Dialects.AssertErrorAsync("chat", chat, 400, "invalid_request_error");
        await Dialects.AssertErrorAsync("messages", messages, 400, "invalid_request_error");
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Empty(_rig.Plane.RecordsOf(caller.Account));
    }

    [Fact]
    public async Task Invalid_utf8_is_400()
    {
        var caller = await _rig.AddCallerAsync();
        byte[] body = [.. "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""u8, 0xC3, 0x28, .. "\"}]}"u8];
        using var content = new ByteArrayContent(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_rig.Address, "/v1/chat/completions")) { Content = content };
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + caller.Secret);

        using var response = await _rig.Http.SendAsync(request);

        Assert.Contains("UTF-8", await Dialects.AssertErrorAsync("chat", response, 400, "invalid_request_error"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_one_byte_too_large_is_413_announced_or_chunked(bool chunked)
    {
        var caller = await _rig.AddCallerAsync();
        var limit = _rig.Host.Rooms.Options.BodyBytesMax;
        var start = """{"model":"nobody","messages":[{"role":"user","content":" """;
        var body = start + new string('x', limit + 1 - start.Length - 4) + "\"}]}";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_rig.Address, "/v1/messages"))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
        };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + caller.Secret);

        using var response = await _rig.Http.SendAsync(request);

        await Dialects.AssertErrorAsync("messages", response, 413, "request_too_large");
    }

    [Fact]
    public async Task Body_of_exactly_the_limit_is_read()
    {
        await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var caller = await _rig.AddCallerAsync();
        var limit = _rig.Host.Rooms.Options.BodyBytesMax;
        var start = """{"model":"nobody","messages":[{"role":"user","content":" """;

        using var response = await caller.PostAsync(
            "/v1/chat/completions", start + new string('x', limit - start.Length - 4) + "\"}]}");

        await Dialects.AssertErrorAsync("chat", response, 404, "invalid_request_error");
    }

    [Fact]
    public async Task Answer_made_in_the_background_is_refused_for_it_could_not_be_charged()
    {
        await _rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync("/v1/responses", """{"model":"m","input":"x","background":true}""");

        Assert.Contains("background", await Dialects.AssertErrorAsync("responses", response, 400, "invalid_request_error"), StringComparison.Ordinal);
    }
}
