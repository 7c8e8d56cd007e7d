using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Tokens;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Tokens;

public sealed class TokenEstimateTests
{
    private static InputTally Tally(string body, Dialect dialect = Dialect.Chat)
    {
        var ok = RequestScanner.TryScan(dialect, Encoding.UTF8.GetBytes(body), out var facts, out var fault);
        Assert.True(ok, fault.Message);
        Assert.InRange(TokenEstimate.Of(facts, dialect), TokenEstimate.Plain(facts.Input, dialect), long.MaxValue);
        return facts.Input;
    }

    private static string Base64(int length) => string.Concat(Enumerable.Repeat("iVBORw0KGgoAAAAN", length / 16));

    private static string Chat(string content) =>
        $"{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":{content}}}]}}";

    [Theory]
    [InlineData("", 0, 0, 0, 0)]
    [InlineData("hello", 5, 0, 0, 0)]
    [InlineData("a\\nb\\\"\\/", 5, 0, 0, 0)]
    [InlineData("\\u0041é\\u00e9中\\u4e2d한ก", 1, 2, 4, 0)]
    [InlineData("😀\\ud83d\\ude00", 0, 0, 0, 2)]
    [InlineData("\\ud83d", 0, 0, 1, 0)]
    [InlineData("мир", 0, 3, 0, 0)]
    public void Text_is_counted_by_class_unescaped(string text, int ascii, int two, int wide, int four)
    {
        var tally = Tally(Chat($"\"{text}\""));

        Assert.Equal((ascii, two, wide, four),
            (tally.AsciiBytes, tally.TwoByteChars, tally.WideChars, tally.FourByteChars));
        Assert.Equal(1, tally.Messages);
    }

    [Theory]
    [InlineData(Dialect.Chat, 360, 100 + 4)]
    [InlineData(Dialect.Responses, 361, 101 + 4)]
    [InlineData(Dialect.Anthropic, 36, 10 + 10)]
    [InlineData(Dialect.Gemini, 36, 10 + 1)]
    public void Weights_are_those_of_the_dialect(Dialect dialect, int bytes, long tokens) =>
        Assert.Equal(tokens, TokenEstimate.Plain(new InputTally { AsciiBytes = bytes, Messages = 1 }, dialect));

    [Fact]
    public void Ten_per_cent_are_added_and_one_token_is_the_least()
    {
        Assert.Equal(1, TokenEstimate.Of(default, Dialect.Chat));
        Assert.Equal(110, TokenEstimate.Of(new RequestFacts { Input = new() { TokenIds = 100 } }, Dialect.Chat));
        Assert.Equal(112, TokenEstimate.Of(new RequestFacts { Input = new() { TokenIds = 101 } }, Dialect.Chat));
    }

    [Fact]
    public void Tools_count_their_bytes_and_what_a_provider_adds_for_them()
    {
        const string Tools = "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]";
        var with = Tally($"{{\"model\":\"m\",\"messages\":[],\"tools\":{Tools}}}");
        var without = Tally("{\"model\":\"m\",\"messages\":[],\"tools\":[]}");

        Assert.Equal(Tools.Length, with.ToolBytes);
        Assert.True(with.HasTools && !without.HasTools);
        Assert.Equal(500 + (Tools.Length * 10 + 35) / 36, TokenEstimate.Plain(with, Dialect.Anthropic));
    }

    [Theory]
    [InlineData(Dialect.Chat,
        "[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,$\",\"detail\":\"high\"}}]")]
    [InlineData(Dialect.Chat, "[{\"type\":\"image_url\",\"image_url\":{\"url\":\"https://a.example/b.png\"}}]")]
    [InlineData(Dialect.Responses, "[{\"type\":\"input_image\",\"image_url\":\"data:image/jpeg;base64,$\"}]")]
    [InlineData(Dialect.Responses, "[{\"type\":\"input_image\",\"file_id\":\"file-1\"}]")]
    [InlineData(Dialect.Anthropic,
        "[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"$\"}}]")]
    [InlineData(Dialect.Anthropic,
        "[{\"type\":\"image\",\"source\":{\"data\":\"$\",\"media_type\":\"image/png\",\"type\":\"base64\"}}]")]
    [InlineData(Dialect.Anthropic,
        "[{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a.example/b\"}}]")]
    [InlineData(Dialect.Gemini, "[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"$\"}}]")]
    [InlineData(Dialect.Gemini, "[{\"inline_data\":{\"mime_type\":\"image/png\",\"data\":\"$\"}}]")]
    [InlineData(Dialect.Gemini, "[{\"fileData\":{\"fileUri\":\"gs://a/b\",\"mimeType\":\"image/png\"}}]")]
    public void Picture_counts_as_one_and_not_by_its_bytes(Dialect dialect, string content)
    {
        var tally = Tally(Chat(content.Replace("$", Base64(100_000), StringComparison.Ordinal)), dialect);

        Assert.Equal((1, 0), (tally.Images, tally.AsciiBytes));
    }

    [Fact]
    public void Sound_film_and_documents_count_by_their_size()
    {
        var data = Base64(400_000);
        var sound = Tally(Chat(
            $"[{{\"type\":\"input_audio\",\"input_audio\":{{\"data\":\"{data}\",\"format\":\"wav\"}}}}]"));
        var film = Tally(
            Chat($"[{{\"inlineData\":{{\"mimeType\":\"video/mp4\",\"data\":\"{data}\"}}}}]"), Dialect.Gemini);
        var paper = Tally(Chat(
            "[{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\","
            + $"\"file_data\":\"data:application/pdf;base64,{data}\"}}}}]"));

        Assert.Equal(300_000, sound.AudioBytes);
        Assert.Equal(300_000, film.VideoBytes);
        Assert.Equal(7, paper.Pages);
        Assert.Equal(0, sound.AsciiBytes + film.AsciiBytes + paper.AsciiBytes);
    }

    // What a model reads as text is text, however much it looks like a file: nobody may have it for nothing.
    [Theory]
    [InlineData("\"$\"")]
    [InlineData("\"data:image/png;base64,$\"")]
    [InlineData("[{\"type\":\"text\",\"text\":\"data:image/png;base64,$\"}]")]
    [InlineData("[{\"type\":\"text\",\"data\":\"$\"}]")]
    [InlineData("[{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"$\"}"
            + "}]")]
    [InlineData("[{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[{\"type\":\"text\",\"text\":"
            + "\"$\"}]}}]")]
    [InlineData("[{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,$ and words\"}}]")]
    [InlineData("[{\"type\":\"tool_result\",\"content\":\"$\"}]")]
    [InlineData("[{\"functionResponse\":{\"name\":\"f\",\"response\":{\"output\":\"$\"}}}]")]
    public void Base64_in_a_place_of_text_counts_as_text(string content)
    {
        var tally = Tally(Chat(content.Replace("$", Base64(100_000), StringComparison.Ordinal)), Dialect.Anthropic);

        Assert.InRange(tally.AsciiBytes, 99_000, 101_000);
        Assert.Equal(0, tally.Images);
    }

    [Theory]
    [InlineData("[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"$\"}]")]
    [InlineData("[{\"type\":\"reasoning\",\"encrypted_content\":\"$\"}]")]
    [InlineData("[{\"functionCall\":{\"name\":\"\"},\"thoughtSignature\":\"$\"}]")]
    public void Sealed_reasoning_counts_for_half(string content)
    {
        var sealed_ = Tally(Chat(content.Replace("$", Base64(1600), StringComparison.Ordinal)));
        var words = Tally(Chat(content.Replace("$", "some words, " + Base64(1600), StringComparison.Ordinal)));

        Assert.Equal(801, sealed_.AsciiBytes);
        Assert.Equal(1612, words.AsciiBytes);
    }

    [Fact]
    public void Objects_that_a_model_reads_count_with_their_names_and_numbers()
    {
        var tally = Tally(Chat(
            "[{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"get\",\"input\":{\"city\":\"Rome\",\"n\":12.5}}]"));

        var names = "city".Length + 3 + "n".Length + 3;
        Assert.Equal("get".Length + names + "Rome".Length + "12.5".Length, tally.AsciiBytes);
    }

    [Fact]
    public void Token_numbers_and_unknown_fields_are_not_free()
    {
        Assert.Equal(4, Tally("{\"model\":\"m\",\"input\":[1,2,[3,4]]}").TokenIds);
        Assert.InRange(Tally("{\"model\":\"m\",\"documents\":[{\"text\":\"hidden words\"}]}").AsciiBytes, 12, 30);
    }

    [Theory]
    [InlineData("anthropic-thinking-tools.json", Dialect.Anthropic)]
    [InlineData("anthropic-parallel-results.json", Dialect.Anthropic)]
    [InlineData("anthropic-midsystem.json", Dialect.Anthropic)]
    [InlineData("openai-chat-tool-image.json", Dialect.Chat)]
    [InlineData("openai-responses-reasoning.json", Dialect.Responses)]
    [InlineData("openai-responses-tool-image.json", Dialect.Responses)]
    [InlineData("gemini-signature-replay.json", Dialect.Gemini)]
    public void Recorded_requests_are_scanned(string name, Dialect dialect)
    {
        Assert.SkipWhen(Repository.WireFolder is null, WireCase.Absent);
        using var recorded = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(Repository.WireFolder!, "requests", name)));
        var body = Encoding.UTF8.GetBytes(recorded.RootElement.GetProperty("body").GetRawText());

        Assert.True(RequestScanner.TryScan(dialect, body, out var facts, out var fault), fault.Message);

        Assert.InRange(TokenEstimate.Of(facts, dialect), body.Length / 40, body.Length + 2000);
        Assert.Equal(name.Contains("image", StringComparison.Ordinal) ? 1 : 0, facts.Input.Images);
    }
}
