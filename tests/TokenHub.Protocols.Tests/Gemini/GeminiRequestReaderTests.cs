using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Gemini;

public sealed class GeminiRequestReaderTests
{
    private static ChatRequest Read(string members) => Translation.Read(
        Dialect.Gemini, "{\"contents\":[{\"parts\":[{\"text\":\"hi\"}]}]," + members + "}");

    private static List<ChatTurn> ReadTurns(string contents) =>
        Translation.Read(Dialect.Gemini, $"{{\"contents\":[{contents}]}}").Turns;

    [Theory]
    [InlineData("systemInstruction", "generationConfig", "topP", "maxOutputTokens", "stopSequences", "candidateCount",
        "presencePenalty", "responseLogprobs", "safetySettings", "thinkingConfig", "thinkingBudget", "includeThoughts")]
    [InlineData("system_instruction", "generation_config", "top_p", "max_output_tokens", "stop_sequences",
        "candidate_count", "presence_penalty", "response_logprobs", "safety_settings", "thinking_config", "thinking_budget",
        "include_thoughts")]
    public void Members_have_their_places_in_either_way_of_writing(params string[] names)
    {
        var request = Read(
            $"\"{names[0]}\":{{\"parts\":[{{\"text\":\"s\"}}]}},\"{names[1]}\":{{\"temperature\":0.5,\"{names[2]}\":0.9,\"topK\":40.0,"
            + $"\"{names[3]}\":\"99\",\"{names[4]}\":[\"a\"],\"{names[5]}\":2,\"seed\":7,\"{names[6]}\":0.1,\"{names[7]}\":true,"
            + $"\"logprobs\":3,\"{names[9]}\":{{\"{names[10]}\":-1,\"{names[11]}\":true}},\"responseModalities\":[\"TEXT\"],"
            + $"\"mediaResolution\":\"LOW\"}},\"{names[8]}\":[],\"serviceTier\":\"flex\"");

        var wishes = request.Sampling;
        Assert.Equal((ChatRole.System, "alias", 99L), (request.Turns[0].Role, request.Model, request.OutputTokensMax));
        Assert.Equal((0.5, 0.9, 40L, 2, 7L), (wishes.Temperature, wishes.TopP, wishes.TopK, wishes.N, wishes.Seed));
        Assert.Equal((0.1, true, 3), (wishes.PresencePenalty, wishes.Logprobs, wishes.TopLogprobs));
        Assert.Equal(("a", "flex"), (Assert.Single(request.Stop), request.ServiceTier));
        Assert.Equal(new ReasoningWish { BudgetTokens = -1, ShowsText = true }, request.Reasoning);
        Assert.Equal(["generationConfig.mediaResolution", "safetySettings"], request.Others.Keys);
    }

    [Fact]
    public void Calls_without_ids_are_answered_first_come_first_served_by_name()
    {
        var turns = ReadTurns(
            "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"a\": 1}}},{\"function_call\":{\"name\":\"g\"}},"
            + "{\"functionCall\":{\"name\":\"f\"}},{\"functionCall\":{\"id\":\"own\",\"name\":\"h\"}}]},"
            + "{\"role\":\"user\",\"parts\":[{\"text\":\"see\"},{\"functionResponse\":{\"name\":\"g\",\"response\":{\"output\":\"1\"}}},"
            + "{\"function_response\":{\"name\":\"f\",\"response\":{\"result\":\"2\"}}},"
            + "{\"functionResponse\":{\"name\":\"f\",\"response\":{\"error\":\"3\"}}},"
            + "{\"functionResponse\":{\"id\":\"own\",\"name\":\"h\",\"response\":{\"x\":[4]},"
            + "\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iVBO\"}}]}}]}");

        Assert.Equal(
            [("call_1", "f", "{\"a\": 1}"), ("call_2", "g", "{}"), ("call_3", "f", "{}"), ("own", "h", "{}")],
            turns[0].Parts.Cast<CallPart>().Select(call => (call.Id, call.Name, call.Arguments)));
        Assert.Equal(
            [("call_2", "1", false), ("call_1", "2", false), ("call_3", "3", true), ("own", "{\"x\":[4]}", false)],
            turns[1].Parts.OfType<ResultPart>()
                .Select(result => (result.CallId, ((TextPart)result.Content[0]).Text, result.IsError)));
        Assert.Equal("iVBO", Encoding.ASCII.GetString(
            Assert.IsType<MediaPart>(((ResultPart)turns[1].Parts[3]).Content[1]).Base64.Span));
        Assert.Equal("see", Assert.IsType<TextPart>(turns[1].Parts[4]).Text);
    }

    [Fact]
    public void Signatures_go_with_what_they_sign()
    {
        var claude = new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "EqE+/=");
        var hidden = new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Redacted, "R");

        var parts = ReadTurns(
            "{\"role\":\"model\",\"parts\":[{\"text\":\"a\",\"thought\":true},{\"text\":\"b\",\"thought\":true},"
            + $"{{\"functionCall\":{{\"name\":\"f\"}},\"thoughtSignature\":\"{OpaqueCarrier.Write(claude)}\"}},"
            + "{\"functionCall\":{\"name\":\"g\"},\"thought_signature\":\"own+/=\"},"
            + "{\"text\":\"c\",\"thought\":true,\"thoughtSignature\":\"t\"},{\"text\":\"d\",\"thoughtSignature\":\"u\"},"
            + $"{{\"text\":\"e\",\"thought\":true}},{{\"text\":\"\",\"thoughtSignature\":\"{OpaqueCarrier.Write(hidden)}\"}},"
            + "{\"executableCode\":{\"code\":\"1\"}}]}")[0].Parts;

        Assert.Equal(
            [
                ("ab", claude), ("c", new OpaqueItem(Dialect.Gemini, "", OpaqueKind.Reasoning, "t")),
                ("", new OpaqueItem(Dialect.Gemini, "", OpaqueKind.Text, "u")), ("e", null), ("", hidden),
            ],
            parts.OfType<ReasoningPart>().Select(part => (part.Text, part.Opaque)));
        Assert.Equal(
            [null, new OpaqueItem(Dialect.Gemini, "", OpaqueKind.Call, "own+/=")],
            parts.OfType<CallPart>().Select(call => call.Opaque));
        Assert.Equal("executableCode", Assert.IsType<ForeignPart>(parts[^1]).Kind);
    }

    [Theory]
    [InlineData("image/png", MediaKind.Image)]
    [InlineData("application/pdf", MediaKind.Document)]
    [InlineData("audio/wav", MediaKind.Audio)]
    [InlineData("video/mp4", MediaKind.Video)]
    public void Media_are_told_by_their_type(string type, MediaKind kind)
    {
        var parts = ReadTurns(
            $"{{\"parts\":[{{\"inline_data\":{{\"mime_type\":\"{type}\",\"data\":\"AAAA\"}}}},"
            + $"{{\"fileData\":{{\"mimeType\":\"{type}\",\"fileUri\":\"https://a/b\"}}}},"
            + $"{{\"fileData\":{{\"mimeType\":\"{type}\",\"fileUri\":\"gs://a/b\"}}}}]}}")[0].Parts.Cast<MediaPart>().ToList();

        Assert.All(parts, part => Assert.Equal((kind, type), (part.Kind, part.MimeType)));
        Assert.Equal((4, "https://a/b", "gs://a/b"), (parts[0].Base64.Length, parts[1].Url, parts[2].FileId));
    }

    [Fact]
    public void Schemas_of_google_become_plain_ones()
    {
        var request = Read(
            "\"tools\":[{\"functionDeclarations\":[{\"name\":\"f.x\",\"description\":\"d\",\"parameters\":{\"type\":\"OBJECT\","
            + "\"properties\":{\"type\":{\"type\":\"STRING\",\"nullable\":true,\"enum\":[\"A\"],\"maxLength\":\"5\"},"
            + "\"list\":{\"type\":\"ARRAY\",\"items\":{\"anyOf\":[{\"type\":\"NUMBER\"},{\"type\":\"BOOLEAN\"}]},\"min_items\":\"1\"}},"
            + "\"propertyOrdering\":[\"type\"],\"required\":[\"type\"]}},{\"name\":\"g\",\"parametersJsonSchema\":{\"type\":\"object\"}}]},"
            + "{\"googleSearch\":{}}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"g\"]}}");

        Assert.Equal(
            "{\"type\":\"object\",\"properties\":{\"type\":{\"type\":[\"string\",\"null\"],\"enum\":[\"A\"],\"maxLength\":5},"
            + "\"list\":{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"boolean\"}]},\"minItems\":1}},"
            + "\"required\":[\"type\"]}",
            Translation.Compact(request.Tools[0].Parameters!.Value));
        Assert.Equal(ToolBook.ToldName("f.x"), request.Tools[0].Name);
        Assert.Equal("f.x", request.ToolBook.Find(request.Tools[0].Name)!.Name);
        Assert.Equal((ToolKind.Server, "googleSearch"), (request.Tools[2].Kind, request.Tools[2].Name));
        Assert.Equal((ToolChoiceMode.Required, "g"), (request.ToolChoice!.Mode, Assert.Single(request.ToolChoice.Names)));
    }

    [Theory]
    [InlineData("\"responseMimeType\":\"application/json\"", OutputFormatKind.JsonObject, null)]
    [InlineData("\"response_mime_type\":\"application/json\",\"responseSchema\":{\"type\":\"STRING\"}",
        OutputFormatKind.JsonSchema, "{\"type\":\"string\"}")]
    [InlineData("\"responseMimeType\":\"application/json\",\"responseJsonSchema\":{\"type\":\"array\"}",
        OutputFormatKind.JsonSchema, "{\"type\":\"array\"}")]
    public void Form_of_answer_is_read(string config, OutputFormatKind kind, string? schema)
    {
        var format = Read($"\"generationConfig\":{{{config}}}").Format!;

        Assert.Equal((kind, schema), (format.Kind, format.Schema is { } found ? Translation.Compact(found) : null));
    }

    [Theory]
    [InlineData("{\"thinkingLevel\":\"HIGH\"}", Effort.High, null, false)]
    [InlineData("{\"thinkingLevel\":\"low\",\"includeThoughts\":true}", Effort.Low, null, true)]
    [InlineData("{\"thinkingBudget\":0}", null, 0L, false)]
    public void Thinking_is_read(string config, Effort? effort, long? budget, bool shows) =>
        Assert.Equal(
            new ReasoningWish { Effort = effort, BudgetTokens = budget, ShowsText = shows },
            Read($"\"generationConfig\":{{\"thinkingConfig\":{config}}}").Reasoning);

    [Theory]
    [InlineData("{", null)]
    [InlineData("{\"contents\":7}", "contents")]
    [InlineData("{\"contents\":[{\"role\":\"assistant\",\"parts\":[]}]}", "contents[0].role")]
    [InlineData("{\"contents\":[],\"cachedContent\":\"cachedContents/x\"}", "cachedContent")]
    [InlineData("{\"contents\":[],\"cached_content\":\"cachedContents/x\"}", "cachedContent")]
    public void Body_that_cannot_be_carried_says_where(string body, string? param) =>
        Assert.Equal(param, Assert.Throws<UntranslatableException>(
            () => Translation.Read(Dialect.Gemini, body)).Param);
}
