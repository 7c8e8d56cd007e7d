using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Json;

public sealed class RequestScannerTests
{
    private static RequestFault Refuse(string body, Dialect dialect = Dialect.Chat) =>
        Refuse(Encoding.UTF8.GetBytes(body), dialect);

    private static RequestFault Refuse(byte[] body, Dialect dialect = Dialect.Chat)
    {
        Assert.False(RequestScanner.TryScan(dialect, body, out _, out var fault));
        Assert.NotEqual(RequestFaultCode.None, fault.Code);
        Assert.NotEmpty(fault.Message);
        return fault;
    }

    private static RequestFacts Accept(string body, Dialect dialect = Dialect.Chat)
    {
        var ok = RequestScanner.TryScan(dialect, Encoding.UTF8.GetBytes(body), out var facts, out var fault);
        Assert.True(ok, fault.Message);
        return facts;
    }

    [Theory]
    [InlineData("", RequestFaultCode.Empty)]
    [InlineData("  \r\n\t ", RequestFaultCode.Empty)]
    [InlineData("{", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\"", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\"}x", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\"}{\"model\":\"n\"}", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\"}\n{\"model\":\"n\"}", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\"},", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\"}\0", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\"}// end", RequestFaultCode.TrailingBytes)]
    [InlineData("{\"model\":\"m\",}", RequestFaultCode.NotJson)]
    [InlineData("{,\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\" \"stream\":true}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\" \"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":}", RequestFaultCode.NotJson)]
    [InlineData("{model:\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{'model':'m'}", RequestFaultCode.NotJson)]
    [InlineData("{/* a */\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\"//\n}", RequestFaultCode.NotJson)]
    [InlineData("// a\n{\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("\uFEFF{\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("\0{\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{\0\"model\":\"m\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\0\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\n\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"\\x6d\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"\\u00\"}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":01}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":+1}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":.5}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":5.}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":1e}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":0x10}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":NaN}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":Infinity}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":-}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":tru}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":True}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":nul", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":[1,2}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":[1,,2]}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\",\"a\":[1,]}", RequestFaultCode.NotJson)]
    [InlineData("{\"model\":\"m\"]", RequestFaultCode.NotJson)]
    [InlineData("hello", RequestFaultCode.NotJson)]
    [InlineData("model=m&stream=true", RequestFaultCode.NotJson)]
    [InlineData("[]", RequestFaultCode.NotAnObject)]
    [InlineData("[{\"model\":\"m\"}]", RequestFaultCode.NotAnObject)]
    [InlineData("null", RequestFaultCode.NotAnObject)]
    [InlineData("true", RequestFaultCode.NotAnObject)]
    [InlineData("\"model\"", RequestFaultCode.NotAnObject)]
    [InlineData("{}", RequestFaultCode.MissingModel)]
    [InlineData("{\"stream\":true}", RequestFaultCode.MissingModel)]
    [InlineData("{\"a\":{\"model\":\"m\"}}", RequestFaultCode.MissingModel)]
    public void Body_that_is_not_one_strict_document_is_refused(string body, RequestFaultCode code) =>
        Assert.Equal(code, Refuse(body).Code);

    [Fact]
    public void Number_alone_is_refused() => Refuse("12");

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x7B, 0x00 })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x3A, 0x31, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xC0, 0xAF, 0x22, 0x3A, 0x31, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xF5, 0x80, 0x80, 0x80, 0x22, 0x3A, 0x31, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xE4, 0xB8 })]
    public void Body_of_invalid_utf8_is_refused(byte[] body) =>
        Assert.Equal(RequestFaultCode.InvalidUtf8, Refuse(body).Code);

    [Fact]
    public void Utf16_is_refused()
    {
        var text = "{\"model\":\"m\"}";

        Refuse(Encoding.Unicode.GetBytes(text));
        Refuse(Encoding.BigEndianUnicode.GetBytes(text));
        Refuse(Encoding.UTF32.GetBytes(text));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Depth_of_64_is_read_and_65_refused(int depth, bool ok)
    {
        var arrays = new string('[', depth - 1) + new string(']', depth - 1);
        var objects = string.Concat(Enumerable.Repeat("{\"a\":", depth - 1)) + "1" + new string('}', depth - 1);
        foreach (var nested in new[] { arrays, objects })
        {
            var body = Encoding.UTF8.GetBytes($"{{\"model\":\"m\",\"x\":{nested}}}");
            Assert.Equal(ok, RequestScanner.TryScan(Dialect.Chat, body, out _, out var fault));
            Assert.Equal(ok ? RequestFaultCode.None : RequestFaultCode.TooDeep, fault.Code);
        }
    }

    public static TheoryData<string> RoutedFields =>
    [
        "model", "stream", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of", "tools",
        "service_tier", "thinking", "stream_options", "generationConfig", "messages", "input", "contents", "system",
        "instructions", "functions", "cachedContent", "prompt_cache_key", "background", "speed",
    ];

    [Theory, MemberData(nameof(RoutedFields))]
    public void Routed_field_may_stand_only_once_however_it_is_escaped(string field)
    {
        var escaped = $"\\u{(int)field[0]:x4}{field[1..]}";
        var upper = $"\\u{(int)field[^1]:X4}";
        foreach (var again in new[] { field, escaped, field[..^1] + upper })
        {
            foreach (var body in new[]
            {
                $"{{\"{field}\":null,\"{again}\":null}}",
                $"{{\"{again}\":null,\"a\":[{{}}],\"{field}\":null}}",
                $"{{\"{escaped}\":null,\"{again}\":null}}",
            })
            {
                Assert.Equal(RequestFaultCode.DuplicateKey, Refuse(Fix(body, field), Dialect.Gemini).Code);
            }
        }
    }

    // A null model is refused for itself; give it a string so that the duplicate is what is found.
    private static string Fix(string body, string field) =>
        field == "model" ? body.Replace("null", "\"m\"", StringComparison.Ordinal) : body;

    [Theory, MemberData(nameof(RoutedFields))]
    public void Routed_field_in_another_spelling_is_refused(string field)
    {
        var spellings = new List<string>
        {
            field.ToUpperInvariant(), char.ToUpperInvariant(field[0]) + field[1..], field + "\\u0000",
            field + "\\u0000x", field.Replace('s', 'ſ').Replace('k', '\u212A'),
        };
        foreach (var spelling in spellings.Where(spelling => spelling != field))
        {
            var fault = Refuse($"{{\"model\":\"m\",\"{spelling}\":null}}");
            Assert.Equal(RequestFaultCode.CaseVariant, fault.Code);
            Assert.Contains(field, fault.Message, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("{\"contents\":[],\"generationConfig\":{},\"generation_config\":{}}")]
    [InlineData("{\"generationConfig\":{\"maxOutputTokens\":1,\"max_output_tokens\":9}}")]
    [InlineData("{\"generationConfig\":{\"candidateCount\":1,\"candidateCount\":8}}")]
    [InlineData("{\"systemInstruction\":{},\"system_instruction\":{}}")]
    [InlineData("{\"stream_options\":{\"include_usage\":true,\"include_usage\":false}}")]
    public void Gemini_names_and_nested_ones_are_compared_as_well(string body) =>
        Assert.Equal(RequestFaultCode.DuplicateKey, Refuse(body, Dialect.Gemini).Code);

    [Theory]
    [InlineData("{\"model\":\"m\",\"x\":{\"model\":\"n\",\"model\":\"o\",\"Stream\":1}}")]
    [InlineData("{\"model\":\"m\",\"messages\":[{\"model\":\"n\"},{\"model\":\"n\"}]}")]
    [InlineData("{\"model\":\"m\",\"unknown\":1,\"unknown\":2}")]
    [InlineData("{\"model\":\"m\",\"\":1,\" model\":2,\"model \":3,\"ｍodel\":4}")]
    [InlineData("{\"model\":\"m\",\"stream\":null,\"max_tokens\":null,\"tools\":null,\"stream_options\":null}")]
    [InlineData("{\"model\":\"m\",\"a\":\"\\ud800\",\"b\":\"\\udc00\\ud800x\"}")]
    [InlineData("{\"model\":\"m\",\"a\":[-0,0.5,1e5,1E-5,12345678901234567890123]}")]
    [InlineData(" \r\n\t{\"model\":\"m\"}\r\n ")]
    public void Body_that_only_looks_odd_passes(string body) => Accept(body);

    [Theory]
    [InlineData("\"model\":1", "model")]
    [InlineData("\"model\":null", "model")]
    [InlineData("\"model\":[\"m\"]", "model")]
    [InlineData("\"model\":{\"m\":1}", "model")]
    [InlineData("\"stream\":\"true\"", "stream")]
    [InlineData("\"stream\":1", "stream")]
    [InlineData("\"max_tokens\":\"10\"", "max_tokens")]
    [InlineData("\"max_tokens\":1.5", "max_tokens")]
    [InlineData("\"max_tokens\":1e3", "max_tokens")]
    [InlineData("\"max_completion_tokens\":true", "max_completion_tokens")]
    [InlineData("\"n\":\"2\"", "n")]
    [InlineData("\"tools\":{}", "tools")]
    [InlineData("\"stream_options\":true", "stream_options")]
    [InlineData("\"stream_options\":{\"include_usage\":\"yes\"}", "stream_options.include_usage")]
    [InlineData("\"generationConfig\":[]", "generationConfig")]
    [InlineData("\"service_tier\":1", "service_tier")]
    public void Field_of_the_wrong_type_is_refused_by_name(string member, string field)
    {
        var model = member.StartsWith("\"model\"", StringComparison.Ordinal) ? "" : "\"model\":\"m\",";

        var fault = Refuse($"{{{model}{member}}}");

        Assert.Equal(RequestFaultCode.WrongType, fault.Code);
        Assert.Equal(field, fault.Field);
        Assert.Contains($"'{field}'", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"max_tokens\":-1")]
    [InlineData("\"max_tokens\":2147483648")]
    [InlineData("\"max_tokens\":9223372036854775808")]
    [InlineData("\"max_output_tokens\":99999999999999999999999999")]
    [InlineData("\"n\":0")]
    [InlineData("\"n\":129")]
    [InlineData("\"best_of\":-2")]
    [InlineData("\"generationConfig\":{\"candidateCount\":1000}")]
    [InlineData("\"generationConfig\":{\"maxOutputTokens\":-5}")]
    public void Number_out_of_range_is_refused(string member) =>
        Assert.Equal(RequestFaultCode.OutOfRange, Refuse($"{{\"model\":\"m\",{member}}}").Code);

    [Theory]
    [InlineData("")]
    [InlineData("a\\nb")]
    [InlineData("a\\u0000b")]
    [InlineData("\\ud800")]
    [InlineData("\\udc00\\ud800")]
    public void Model_with_control_characters_or_half_pairs_is_refused(string model) =>
        Assert.Equal(RequestFaultCode.ModelTooLong, Refuse($"{{\"model\":\"{model}\"}}").Code);

    [Fact]
    public void Model_of_128_bytes_is_read_and_129_refused()
    {
        var longest = new string('m', 128);
        var escaped = string.Concat(Enumerable.Repeat("\\u006d", 128));

        Assert.Equal(longest, ReadModel($"{{\"model\":\"{longest}\"}}"));
        Assert.Equal(longest, ReadModel($"{{\"model\":\"{escaped}\"}}"));
        Assert.Equal(RequestFaultCode.ModelTooLong, Refuse($"{{\"model\":\"{longest}m\"}}").Code);
        Assert.Equal(RequestFaultCode.ModelTooLong, Refuse($"{{\"model\":\"{escaped}m\"}}").Code);
    }

    [Theory]
    [InlineData("gpt-4o", "gpt-4o")]
    [InlineData("gpt-4\\u006f", "gpt-4o")]
    [InlineData("a\\/b", "a/b")]
    [InlineData("模型\\u4e00", "模型一")]
    [InlineData("\\ud83d\\ude00", "😀")]
    public void Model_is_read_unescaped(string raw, string model) =>
        Assert.Equal(model, ReadModel($"{{\"model\":\"{raw}\"}}"));

    private static string ReadModel(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var facts = Accept(body);
        Span<byte> scratch = stackalloc byte[RequestScanner.ModelBytesMax];
        var model = facts.ReadModel(bytes);
        Assert.Equal(model, Encoding.UTF8.GetString(facts.ModelUtf8(bytes, scratch)));
        return model;
    }

    [Fact]
    public void Facts_of_a_chat_request_are_found()
    {
        const string Body = """
            {"model":"gpt-4o","n":2,"max_tokens":100,"max_completion_tokens":300,"stream":true,
             "stream_options":{"x":1,"include_usage":true},"prompt_cache_key":"k1",
             "messages":[{"role":"user","content":"hi"},{"role":"user","content":"there"}]}
            """;

        var facts = Accept(Body);

        Assert.True(facts.Stream);
        Assert.True(facts.IncludeUsage);
        Assert.Equal(2, facts.N);
        Assert.Equal(300, facts.MaxOutputTokens);
        Assert.Equal(2, facts.Input.Messages);
        Assert.Equal(7, facts.Input.AsciiBytes);
        Assert.Equal("k1", RequestFacts.ReadString(Encoding.UTF8.GetBytes(Body), facts.AffinityValue));
        Assert.Equal("true", Body[facts.StreamValue]);
        Assert.StartsWith("{\"x\"", Body[facts.StreamOptionsValue], StringComparison.Ordinal);
    }

    [Fact]
    public void Facts_of_the_other_dialects_are_found()
    {
        var anthropic = Accept(
            """
            {"model":"c","max_tokens":5,"metadata":{"user_id":"u"},"messages":[],
             "system":[{"type":"text","text":"abc","cache_control":{"type":"ephemeral","ttl":"1h"}}]}
            """,
            Dialect.Anthropic);
        var gemini = Accept(
            """
            {"generationConfig":{"maxOutputTokens":7,"candidateCount":3},
             "contents":[{"parts":[{"text":"abcd"}]}],"cachedContent":"c"}
            """,
            Dialect.Gemini);
        var responses = Accept(
            """{"model":"r","max_output_tokens":9,"input":"four","background":true}""", Dialect.Responses);

        Assert.Equal((5L, 3L), (anthropic.MaxOutputTokens, anthropic.Input.AsciiBytes));
        Assert.Equal(RequestTraits.CacheControl | RequestTraits.CacheOneHour, anthropic.Traits);
        Assert.Equal((7L, 3), (gemini.MaxOutputTokens, gemini.N));
        Assert.Equal((4, 1), (gemini.Input.AsciiBytes, gemini.Input.Messages));
        Assert.False(gemini.HasModel);
        Assert.Equal((9L, 4L), (responses.MaxOutputTokens, responses.Input.AsciiBytes));
        Assert.Equal(RequestTraits.StoredState, responses.Traits);
        Assert.All([anthropic, gemini], facts => Assert.NotEqual(default, facts.AffinityValue));
    }

    [Fact]
    public void Body_of_ten_megabytes_is_scanned_quickly_and_without_allocation()
    {
        var body = Picture(150_000);
        Assert.True(RequestScanner.TryScan(Dialect.Chat, body, out _, out _));

        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var watch = System.Diagnostics.Stopwatch.StartNew();
            var ok = RequestScanner.TryScan(Dialect.Chat, body, out var facts, out _);
            best = watch.Elapsed < best ? watch.Elapsed : best;

            Assert.True(ok);
            Assert.Equal(1, facts.Input.Images);
            Assert.Equal(150_000, facts.Input.WideChars);
        }

        // A collection meanwhile may charge each of the long runs with the rest of a buffer, but not each of short ones.
        var few = Picture(1_500);
        Assert.Equal(0, Allocations.Least(() => RequestScanner.TryScan(Dialect.Chat, few, out _, out _)));
        var ofMany = Allocations.Least(() => RequestScanner.TryScan(Dialect.Chat, body, out _, out _));
        Assert.InRange(ofMany, 0, body.Length / 100);

        // A tenth of it is usual; what must not come is a cost that grows with the square.
        Assert.True(best < TimeSpan.FromMilliseconds(500), $"{best}");
    }

    // So many sentences, and a picture of about their length.
    private static byte[] Picture(int sentences)
    {
        var picture = new string('A', sentences * 27);
        var text = string.Concat(Enumerable.Repeat("The quick brown fox \\n jumps \\u4e2d. ", sentences));
        return Encoding.UTF8.GetBytes(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"" + text
            + "\"},{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64," + picture + "\"}}]}]}");
    }

    [Fact]
    public void Body_of_too_many_values_is_refused()
    {
        var body = "{\"model\":\"m\",\"a\":[" + string.Join(',', Enumerable.Repeat("1", 120_000)) + "]}";

        Assert.Equal(RequestFaultCode.TooManyTokens, Refuse(body).Code);
    }
}
