using System.Text;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Forwarding.Media;

[Trait("needs", "redis")]
public sealed class SoundTests(MediaRig media) : IClassFixture<MediaRig>
{
    private static readonly string FormType = $"multipart/form-data; boundary={MediaRig.Boundary}";

    [Fact]
    public async Task Speech_passes_as_it_comes_and_is_charged_by_the_characters_read()
    {
        var (model, upstream) = await media.AddAsync("tts-1");
        var sound = Enumerable.Range(0, 50_000).Select(i => (byte)(i * 7)).ToArray();
        upstream.Default = _ => sound.Chunk(4_000).Aggregate(
            ScriptedUpstreamScript.Head(200, "content-type: audio/mpeg", "transfer-encoding: chunked"),
            (script, piece) => script.Chunk(piece)).EndChunks();
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            "/v1/audio/speech", $$"""{"model":"{{model}}","input":"Größe \ud83d\ude00!","voice":"alloy","speed":1.5}""");

        Assert.Equal(sound, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal("audio/mpeg", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal("*/*", Assert.Single(upstream.Requests).Header("accept"));
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, false, 8), (record.Outcome, record.IsCounted, record.Usage.Media.Characters));
        Assert.Equal("0.00012000", record.Cost.ToString());
    }

    [Theory]
    [InlineData("audio/wav", "wav")]
    [InlineData("application/octet-stream", "pcm")]
    public async Task Speech_sold_by_the_minute_is_measured_as_it_passes(string type, string format)
    {
        var (model, upstream) = await media.AddAsync("tts-minutes");
        var sound = format == "pcm" ? new byte[48_000 * 90] : MediaRig.Wav(90_000);
        upstream.Default = _ => ScriptedUpstreamScript.Head(200, $"content-type: {type}", $"content-length: {sound.Length}").Send(sound);
        var caller = await media.CallerAsync();
        var text = string.Concat(Enumerable.Repeat("word ", 300));

        using var response = await caller.PostAsync(
            "/v1/audio/speech", $$"""{"model":"{{model}}","input":"{{text}}","response_format":"{{format}}"}""");

        Assert.Equal(sound.Length, (await response.Content.ReadAsByteArrayAsync()).Length);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((90_000, false, "0.01500000"), (record.Usage.Media.AudioMs, record.IsCounted, record.Cost.ToString()));
        Assert.True(record.Hold > record.Cost);
    }

    [Fact]
    public async Task Speech_sold_by_tokens_is_counted_where_nobody_tells_them()
    {
        var (model, upstream) = await media.AddAsync("gpt-4o-mini-tts");
        var sound = MediaRig.Wav(60_000);
        upstream.Default = _ => ScriptedUpstreamScript.Head(200, "content-type: audio/wav", $"content-length: {sound.Length}").Send(sound);
        var caller = await media.CallerAsync();
        var text = string.Concat(Enumerable.Repeat("word ", 300));

        using var response = await caller.PostAsync(
            "/v1/audio/speech", $$"""{"model":"{{model}}","input":"{{text}}","response_format":"wav"}""");

        Assert.Equal(sound.Length, (await response.Content.ReadAsByteArrayAsync()).Length);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, true, 1_260L), (record.Outcome, record.IsCounted, record.Usage.Output));
        Assert.InRange(record.Usage.Input, 300, 500);
        Assert.True(record.Hold > record.Cost);
    }

    [Fact]
    public async Task Speech_in_events_is_charged_by_the_tokens_that_its_end_tells()
    {
        const string Stream = "data: {\"type\":\"speech.audio.delta\",\"audio\":\"AAAA\"}\n\n"
            + "data: {\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":14,\"output_tokens\":101,\"total_tokens\":115}}\n\n";
        var (model, upstream) = await media.AddAsync("gpt-4o-mini-tts");
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Encoding.UTF8.GetBytes(Stream), 30);
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            "/v1/audio/speech", $$"""{"model":"{{model}}","input":"abc","stream_format":"sse"}""");

        Assert.Equal(Stream, await response.Content.ReadAsStringAsync());
        var record = await media.RecordOfAsync(response);
        Assert.Equal((14L, 101L, false), (record.Usage.Input, record.Usage.Output, record.IsCounted));
    }

    [Fact]
    public async Task Sound_that_breaks_off_ends_the_connection_without_a_word_in_it()
    {
        var (model, upstream) = await media.AddAsync("tts-1");
        upstream.Default = _ => ScriptedUpstreamScript
            .Head(200, "content-type: audio/mpeg", "transfer-encoding: chunked").Chunk(new byte[100]).Reset();
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync("/v1/audio/speech", $$"""{"model":"{{model}}","input":"abc"}""");
        var stream = await response.Content.ReadAsStreamAsync();
        var got = new byte[1000];
        var length = 0;
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
            {
                var count = await stream.ReadAsync(got.AsMemory(length));
                length += count > 0 ? count : throw new EndOfStreamException();
            }
        });

        Assert.InRange(length, 0, 100);
        Assert.True(got.AsSpan().IndexOfAnyExcept((byte)0) < 0);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.UpstreamErrorAfterContent, 3), (record.Outcome, record.Usage.Media.Characters));
    }

    [Theory]
    [InlineData("""{"text":"hello","usage":{"type":"duration","seconds":61}}""", 61_000, false)]
    [InlineData("""{"task":"transcribe","duration":59.5,"text":"hello"}""", 59_500, false)]
    [InlineData("""{"text":"hello"}""", 60_000, true)]
    [InlineData("""{"text":"","usage":{"type":"duration","seconds":60}}""", 60_000, false)]
    [InlineData("""{"text":"hello","usage":{"type":"duration","seconds":7200}}""", 60_000, true)]
    public async Task Sound_is_charged_by_the_upstreams_word_else_by_its_own_bytes(string answer, long ms, bool isCounted)
    {
        var (model, upstream) = await media.AddAsync("whisper", c => c with
        {
            ModelMap = new Dictionary<string, string> { [c.Models[0]] = "whisper-large-v3-turbo" },
        });
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, answer);
        var caller = await media.CallerAsync();
        var wav = MediaRig.Wav(60_000);

        using var response = await caller.PostAsync("/v1/audio/transcriptions", MediaRig.Form(model, wav, ("language", "de")), FormType);

        Assert.Equal(answer, await response.Content.ReadAsStringAsync());
        Assert.Equal(MediaRig.Form("whisper-large-v3-turbo", wav, ("language", "de")), Assert.Single(upstream.Requests).Body);
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, ms, isCounted), (record.Outcome, record.Usage.Media.AudioMs, record.IsCounted));
        Assert.Equal("0.00600000", record.Hold.ToString());
    }

    [Theory]
    [InlineData("/v1/audio/transcriptions", "application/x-subrip", "1\n00:00:00,000 --> 00:00:02,000\nhello\n")]
    [InlineData("/v1/audio/translations", "text/plain; charset=utf-8", "hello\n")]
    public async Task Subtitles_and_plain_text_pass_as_they_come(string path, string type, string text)
    {
        var (model, upstream) = await media.AddAsync("whisper");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, text, type);
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            path, MediaRig.Form(model, MediaRig.Wav(2_000), ("response_format", "srt")), FormType);

        Assert.Equal(text, await response.Content.ReadAsStringAsync());
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, 2_000L), (record.Outcome, record.Usage.Media.AudioMs));
    }

    [Theory]
    [InlineData(true, 14, 5, false)]
    [InlineData(false, 20, 1, true)]
    public async Task Streamed_transcripts_pass_byte_for_byte_with_usage_from_the_end(
        bool hasUsage, long input, long output, bool isCounted)
    {
        var usage = hasUsage
            ? ",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_details\":{\"text_tokens\":0,\"audio_tokens\":14},\"output_tokens\":5,\"total_tokens\":19}"
            : "";
        var stream = "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hello\"}\n\n"
            + $"data: {{\"type\":\"transcript.text.done\",\"text\":\"Hello\"{usage}}}\n\n";
        var (model, upstream) = await media.AddAsync("gpt-4o-transcribe");
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Encoding.UTF8.GetBytes(stream), 25);
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync(
            "/v1/audio/transcriptions", MediaRig.Form(model, MediaRig.Wav(1_900), ("stream", "true")), FormType);

        Assert.Equal(stream, await response.Content.ReadAsStringAsync());
        var record = await media.RecordOfAsync(response);
        Assert.Equal((Outcome.Completed, true), (record.Outcome, record.IsStream));
        Assert.Equal((input, output, isCounted), (record.Usage.Input, record.Usage.Output, record.IsCounted));
    }

    [Fact]
    public async Task A_form_without_a_file_is_refused()
    {
        var (model, upstream) = await media.AddAsync("whisper");
        var caller = await media.CallerAsync();
        var form = Encoding.UTF8.GetBytes(
            $"--{MediaRig.Boundary}\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--{MediaRig.Boundary}--\r\n");

        using var response = await caller.PostAsync("/v1/audio/transcriptions", form, FormType);

        Assert.Contains(
            "'file'", await Dialects.AssertErrorAsync("chat", response, 400, "invalid_request_error"), StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task An_empty_sound_is_no_answer()
    {
        var (model, upstream) = await media.AddAsync("tts-1");
        upstream.Default = _ => ScriptedUpstreamScript.Answer(200, "", "audio/mpeg");
        var caller = await media.CallerAsync();

        using var response = await caller.PostAsync("/v1/audio/speech", $$"""{"model":"{{model}}","input":"abc"}""");

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal("0.00000000", (await media.RecordOfAsync(response)).Cost.ToString());
    }
}
