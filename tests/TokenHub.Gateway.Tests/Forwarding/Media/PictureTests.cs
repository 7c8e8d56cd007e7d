using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Media;

[Trait("needs", "redis")]
public sealed class PictureTests(MediaRig media) : IClassFixture<MediaRig>
{
    private const string TwoPictures =
        """{"created":1,"data":[{"b64_json":"aGk=","revised_prompt":"x"},{"url":"https://example.com/2.png"}]}""";

    private const string Tokens =
        """{"created":1,"data":[{"b64_json":"aGk="}],"usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":1056,"total_tokens":1106}}""";

    [Fact]
    [Trait("row", "S21")]
    public async Task Pictures_are_charged_by_their_number_and_held_for_by_what_is_asked()
    {
        var (model, upstream) = await media.AddAsync("dall-e");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, TwoPictures);
        var caller = await media.CallerAsync();
        var body = $$"""{"model":"{{model}}","prompt":"a house","n":3,"background":"transparent","size":"1024x1024"}""";

        using var response = await caller.PostAsync("/v1/images/generations", body);

        Assert.Equal(TwoPictures, await response.Content.ReadAsStringAsync());
        var request = Assert.Single(upstream.Requests);
        Assert.Equal(("/v1/images/generations", body, "application/json", "*/*"),
            (request.Target, request.BodyText, request.Header("content-type"), request.Header("accept")));
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, false), (record.Outcome, record.IsCounted));
        Assert.Equal(new MediaUnits(2, 0, 0), record.Usage.Media);
        Assert.Equal(("0.08000000", "0.12000000"), (record.Cost.ToString(), record.Hold.ToString()));
        Assert.Equal("0.08000000", response.Header("x-tokenhub-cost"));
        Assert.Equal("9.92000000", response.Header("x-tokenhub-balance"));
    }

    [Fact]
    public async Task An_upstream_is_not_paid_for_more_pictures_than_were_asked_for()
    {
        var (model, upstream) = await media.AddAsync("dall-e");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, TwoPictures);
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync("/v1/images/generations", $$"""{"model":"{{model}}","prompt":"a"}""");

        Assert.Equal("0.04000000", (await media.RecordOfAsync(response)).Cost.ToString());
    }

    [Theory]
    [InlineData("/v1/images/edits")]
    [InlineData("/v1/images/variations")]
    public async Task Forms_go_on_as_they_came_but_for_the_models_own_name(string path)
    {
        var (model, upstream) = await media.AddAsync("gpt-image", c => c with
        {
            ModelMap = new Dictionary<string, string> { [c.Models[0]] = "gpt-image-9" },
        });
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, Tokens);
        var caller = await media.CallerAsync();
        var form = MediaRig.Form(model, [1, 2, 3, 0, 255], ("prompt", "more trees"), ("n", "2"));

        using var response = await caller.PostAsync(path, form, $"multipart/form-data; boundary=\"{MediaRig.Boundary}\"");

        Assert.Equal(Tokens, await response.Content.ReadAsStringAsync());
        var request = Assert.Single(upstream.Requests);
        Assert.Equal(
            (path, $"multipart/form-data; boundary={MediaRig.Boundary}"), (request.Target, request.Header("content-type")));
        Assert.Equal(MediaRig.Form("gpt-image-9", [1, 2, 3, 0, 255], ("prompt", "more trees"), ("n", "2")), request.Body);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((50, 1056, 1, false),
            (record.Usage.Input, record.Usage.Output, record.Usage.Media.Images, record.IsCounted));
    }

    [Fact]
    public async Task Streamed_pictures_pass_byte_for_byte_with_usage_from_the_last()
    {
        const string Stream =
            "event: image_generation.partial_image\ndata: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"aGk=\",\"partial_image_index\":0}\n\n"
            + "event: image_generation.completed\ndata: {\"type\":\"image_generation.completed\",\"b64_json\":\"aGk=\",\"usage\":{\"input_tokens\":7,\"output_tokens\":1156,\"total_tokens\":1163}}\n\n";
        var (model, upstream) = await media.AddAsync("gpt-image");
        upstream.Default = _ => ScriptedUpstreamScript.Stream(System.Text.Encoding.UTF8.GetBytes(Stream), 40);
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            "/v1/images/generations", $$"""{"model":"{{model}}","prompt":"a","stream":true,"partial_images":1}""");

        Assert.Equal(Stream, await response.Content.ReadAsStringAsync());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((7, 1156, 1, true), (record.Usage.Input, record.Usage.Output, record.Usage.Media.Images, record.IsStream));
    }

    [Fact]
    public async Task A_stream_that_breaks_off_behind_a_picture_is_charged_as_far_as_it_came()
    {
        var (model, upstream) = await media.AddAsync("dall-e");
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead()
            .Chunk("data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"aGk=\"}\n\n").Reset();
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            "/v1/images/generations", $$"""{"model":"{{model}}","prompt":"a","n":2,"stream":true}""");

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync());
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.UpstreamErrorAfterContent, 1), (record.Outcome, record.Usage.Media.Images));
    }

    [Fact]
    public async Task A_failure_costs_nothing_and_the_next_channel_is_tried()
    {
        var (model, upstream) = await media.AddAsync("dall-e", c => c with { Priority = 1 });
        var second = await media.Rig.AddUpstreamAsync(Core.Snapshots.Provider.OpenAi, [model]);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(500, """{"error":{"message":"no"}}""");
        second.Enqueue(ScriptedUpstreamScript.Answer(200, TwoPictures));
        second.Default = _ => ScriptedUpstreamScript.Answer(
            400, """{"error":{"message":"Your prompt was refused.","type":"image_generation_user_error","code":"moderation_blocked"}}""");
        var caller = await media.CallerAsync();
        var body = $$"""{"model":"{{model}}","prompt":"a","n":2}""";

        using var served = await caller.PostAsync("/v1/images/generations", body);
        using var refused = await caller.PostAsync("/v1/images/generations", body);

        Assert.Equal("0.08000000", (await media.RecordOfAsync(served)).Cost.ToString());
        Assert.Contains("moderation_blocked", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(400, (int)refused.StatusCode);
        Assert.Equal("0.00000000", (await media.RecordOfAsync(refused)).Cost.ToString());
    }

    [Fact]
    public async Task What_the_balance_does_not_cover_is_not_sent()
    {
        var (model, upstream) = await media.AddAsync("dall-e");
        var caller = await media.CallerAsync("0.07");

        using var response = await caller.PostAsync(
            "/v1/images/generations", $$"""{"model":"{{model}}","prompt":"a","n":2}""");

        Assert.Equal(429, (int)response.StatusCode);
        Assert.Contains("insufficient_quota", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData("/v1/images/generations", "multipart/form-data; boundary=x", "--x--", "must be JSON")]
    [InlineData("/v1/images/variations", "application/json", """{"model":"dall-e-x"}""", "must be a form")]
    [InlineData("/v1/images/edits", "multipart/form-data", "", "boundary")]
    [InlineData("/v1/images/edits", "multipart/form-data; boundary=x", "--x--", "'model'")]
    [InlineData("/v1/images/generations", "application/json", """{"model":"a","Model":"b"}""", "'model'")]
    [InlineData("/v1/images/generations", "application/json", """{"model":"a","n":1000}""", "'n'")]
    public async Task Bodies_that_cannot_be_read_in_one_way_are_refused(string path, string type, string body, string words)
    {
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(path, System.Text.Encoding.UTF8.GetBytes(body), type);

        Assert.Contains(
            words, await Dialects.AssertErrorAsync("chat", response, 400, "invalid_request_error"), StringComparison.Ordinal);
    }
}
