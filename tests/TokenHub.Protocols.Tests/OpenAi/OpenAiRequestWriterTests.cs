using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.OpenAi;

public sealed class OpenAiRequestWriterTests
{
    private static readonly UpstreamModel Own = new("gpt-4o");
    private static readonly UpstreamModel Other = new("llama-3", IsCompatible: true);

    private static (string Body, string Dropped) Write(ChatRequest request, UpstreamModel model)
    {
        var (body, dropped) = (new ArrayBufferWriter<byte>(), new Dropped());
        DialectCodecs.Of(Dialect.Chat).RequestWriter.Write(request, model, body, dropped);
        return (Encoding.UTF8.GetString(body.WrittenSpan), dropped.ToString());
    }

    private static ChatRequest NewRequest(params ReadOnlySpan<ChatTurn> turns)
    {
        var request = new ChatRequest(JsonDocument.Parse("{}")) { Dialect = Dialect.Anthropic };
        request.Turns.AddRange(turns);
        return request;
    }

    private static ChatTurn Turn(ChatRole role, params ReadOnlySpan<ChatPart> parts)
    {
        var turn = new ChatTurn(role);
        turn.Parts.AddRange(parts);
        return turn;
    }

    private static ChatTurn Ask(string text = "u") => Turn(ChatRole.User, new TextPart(text));

    private static string MessagesOf(ChatRequest request, UpstreamModel model)
    {
        using var document = JsonDocument.Parse(Write(request, model).Body);
        return string.Join('\n', document.RootElement.GetProperty("messages").EnumerateArray());
    }

    [Theory]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    public void Calls_without_a_result_get_one_that_says_so(Dialect target)
    {
        using var request = NewRequest(
            Ask(),
            Turn(ChatRole.Assistant, new CallPart("1", "f", "{}"), new CallPart("2", "g", "{}")),
            Turn(ChatRole.User, new ResultPart("2", [new TextPart("two")]), new TextPart("go on")),
            Turn(ChatRole.Assistant, new CallPart("3", "f", "{}")),
            Turn(ChatRole.Assistant, new TextPart("hm"), new CallPart("4", "f", "{}")));
        var body = new ArrayBufferWriter<byte>();

        DialectCodecs.Of(target).RequestWriter.Write(request, Own, body, new Dropped());

        using var document = JsonDocument.Parse(body.WrittenMemory);
        var isChat = target == Dialect.Chat;
        var told = document.RootElement.GetProperty(isChat ? "messages" : "input").EnumerateArray()
            .Select(item => isChat
                ? item.TryGetProperty("tool_calls", out var calls)
                    ? string.Join('+', calls.EnumerateArray().Select(call => $"call {call.GetProperty("id")}"))
                    : item.TryGetProperty("tool_call_id", out var id) ? $"{id}: {item.GetProperty("content")}" : "text"
                : !item.TryGetProperty("call_id", out var of) ? "text"
                : item.TryGetProperty("output", out var output) ? $"{of}: {output}" : $"call {of}")
            .Where(said => said != "text");
        const string None = "Error: No result was given for this call.";
        Assert.Equal(
            ["call 1", "call 2", $"1: {None}", "2: two", "call 3", $"3: {None}", "call 4", $"4: {None}"],
            told.SelectMany(said => said.Split('+')));
    }

    [Fact]
    public void Calls_stand_in_one_message_results_behind_it_and_pictures_in_the_user_s_words()
    {
        using var request = NewRequest(
            Turn(ChatRole.System, new TextPart("s")), Ask(),
            Turn(
                ChatRole.Assistant, new ReasoningPart("t", new OpaqueItem(Dialect.Anthropic, "", OpaqueKind.Reasoning, "S")),
                new TextPart("a"), new TextPart("b"), new CallPart("1", "f", ""), new CallPart("2", "g", "{\"x\":1}")),
            Turn(
                ChatRole.User,
                new ResultPart("1", [new TextPart("bad")]) { IsError = true },
                new ResultPart("2", [new MediaPart(MediaKind.Image) { MimeType = "image/png", Base64 = "QUI+/"u8.ToArray() }]),
                new TextPart("go on")));

        Assert.Equal(
            """
            {"role":"system","content":"s"}
            {"role":"user","content":"u"}
            {"role":"assistant","content":"ab","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"g","arguments":"{\"x\":1}"}}]}
            {"role":"tool","tool_call_id":"1","content":"Error: bad"}
            {"role":"tool","tool_call_id":"2","content":"The result follows in the next message."}
            {"role":"user","content":[{"type":"text","text":"From the tool call 2:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,QUI+/"}},{"type":"text","text":"go on"}]}
            """.ReplaceLineEndings("\n"), MessagesOf(request, Own));
    }

    [Fact]
    public void Calls_and_results_without_ids_are_paired_by_name()
    {
        using var request = NewRequest(
            Ask(), Turn(ChatRole.Assistant, new CallPart("", "f", "{}"), new CallPart("", "g", "{}")),
            Turn(
                ChatRole.User, new ResultPart("", [new TextPart("rg")]) { Name = "g" },
                new ResultPart("", [new TextPart("rf")]) { Name = "f" }));

        var messages = MessagesOf(request, Own);

        Assert.Contains("\"tool_call_id\":\"call_2\",\"content\":\"rg\"", messages, StringComparison.Ordinal);
        Assert.Contains("\"tool_call_id\":\"call_1\",\"content\":\"rf\"", messages, StringComparison.Ordinal);
    }

    [Fact]
    public void Id_that_is_too_long_is_the_same_shorter_one_in_call_and_result()
    {
        var id = new string('x', 300);
        using var request = NewRequest(
            Ask(), Turn(ChatRole.Assistant, new CallPart(id, "f", "{}")),
            Turn(ChatRole.User, new ResultPart(id, [new TextPart("r")])));

        var told = CallPairing.Fit(id);

        Assert.True(told.Length <= CallPairing.IdCharsMax);
        Assert.Equal(3, MessagesOf(request, Own).Split(told).Length);
    }

    [Theory]
    [InlineData("deepseek-reasoner", true, "\"reasoning_content\":\"t2\"", 1)]
    [InlineData("deepseek-v4", true, "\"reasoning_content\":", 2)]
    [InlineData("gpt-5", false, "reasoning_content", 0)]
    [InlineData("llama-3", true, "reasoning_content", 0)]
    public void Plain_thoughts_go_only_to_models_that_want_them(string model, bool isCompatible, string text, int times)
    {
        using var request = NewRequest(
            Ask(), Turn(ChatRole.Assistant, new ReasoningPart("t1", null), new TextPart("a")), Ask(),
            Turn(ChatRole.Assistant, new ReasoningPart("t2", null), new CallPart("1", "f", "{}")),
            Turn(ChatRole.User, new ResultPart("1", [new TextPart("r")])));

        Assert.Equal(times + 1, MessagesOf(request, new UpstreamModel(model, null, isCompatible)).Split(text).Length);
    }

    [Fact]
    public void Signed_thoughts_return_to_their_issuer_as_they_were()
    {
        var signed = """{"type":"reasoning.text","signature":"S","format":"x","index":0}""";
        var hidden = """{"type":"reasoning.encrypted","data":"E"}""";
        using var request = NewRequest(
            Ask(),
            Turn(
                ChatRole.Assistant, new ReasoningPart("t", new OpaqueItem(Dialect.Chat, "claude", OpaqueKind.Reasoning, signed)),
                new ReasoningPart("", new OpaqueItem(Dialect.Chat, "claude", OpaqueKind.Reasoning, hidden)), new TextPart("a")));

        Assert.Contains(
            "\"reasoning_details\":[{\"text\":\"t\",\"type\":\"reasoning.text\",\"signature\":\"S\",\"format\":\"x\",\"index\":0},"
            + "{\"type\":\"reasoning.encrypted\",\"data\":\"E\"}]",
            MessagesOf(request, new UpstreamModel("anthropic/claude-x", null, true)), StringComparison.Ordinal);
        Assert.DoesNotContain("reasoning_details", MessagesOf(request, Other), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt-4o", false, "system", "max_completion_tokens", true, true, "reasoning_effort")]
    [InlineData("o3", false, "developer", "max_completion_tokens", false, false, "temperature, top_k")]
    [InlineData("o1-mini", false, "user", "max_completion_tokens", false, true, "temperature, top_k, reasoning_effort")]
    [InlineData("openai/gpt-5", true, "developer", "max_completion_tokens", false, true, "temperature, top_k")]
    [InlineData("llama-3", true, "system", "max_tokens", true, true, "top_k")]
    public void Model_is_told_nothing_that_it_refuses(
        string model, bool isCompatible, string role, string max, bool hasTemperature, bool hasStop, string dropped)
    {
        using var request = NewRequest(Turn(ChatRole.System, new TextPart("s")), Ask());
        request.OutputTokensMax = 100;
        request.Sampling.Temperature = 0.5;
        request.Sampling.TopK = 4;
        request.Stop.Add("x");
        request.Reasoning = new ReasoningWish { Effort = Effort.Medium };

        var (body, left) = Write(request, new UpstreamModel(model, null, isCompatible));

        Assert.Contains($"{{\"role\":\"{role}\",\"content\":\"s\"}}", body, StringComparison.Ordinal);
        Assert.Contains($"\"{max}\":100", body, StringComparison.Ordinal);
        Assert.Equal(hasTemperature, body.Contains("\"temperature\":0.5", StringComparison.Ordinal));
        Assert.Equal(hasStop, body.Contains("\"stop\":[\"x\"]", StringComparison.Ordinal));
        Assert.Equal(hasStop ? [] : ["x"], request.StopsHere);
        var names = dropped.Replace("reasoning_effort", "thinking", StringComparison.Ordinal);
        Assert.Equal(names == "thinking" ? "top_k, thinking" : names, left);
    }

    [Fact]
    public void Stream_always_asks_for_usage()
    {
        using var request = NewRequest(Ask());
        request.Stream = true;

        Assert.Contains(
            "\"stream\":true,\"stream_options\":{\"include_usage\":true}", Write(request, Other).Body,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Tools_are_written_strict_only_as_given_and_text_takes_a_stand_in_where_it_is_unknown()
    {
        const string Body = """
            {"model":"m","messages":[{"role":"user","content":"u"}],"tools":[
            {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","x-y":[1.0]},"strict":false}},
            {"type":"function","function":{"name":"g"}},
            {"type":"custom","custom":{"name":"sql","description":"q","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}},
            {"type":"web_search"}],"tool_choice":{"type":"custom","custom":{"name":"sql"}}}
            """;

        var own = Codec.Request(Dialect.Chat, Dialect.Chat, Body, new UpstreamModel("gpt-5"));
        var other = Codec.Request(Dialect.Chat, Dialect.Chat, Body, Other);

        Assert.Contains(
            "\"parameters\":{\"type\":\"object\",\"x-y\":[1.0]},\"strict\":false}},{\"type\":\"function\",\"function\":{\"name\":\"g\","
            + "\"parameters\":{\"type\":\"object\",\"properties\":{}}}},", own.Body, StringComparison.Ordinal);
        Assert.Contains("\"format\":{\"type\":\"grammar\",\"grammar\":{", own.Body, StringComparison.Ordinal);
        Assert.Contains("\"tool_choice\":{\"type\":\"custom\",\"custom\":{\"name\":\"sql\"}}", own.Body, StringComparison.Ordinal);
        Assert.Contains("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"sql\"}}", other.Body, StringComparison.Ordinal);
        Assert.Contains("The input follows this grammar:\\nstart: x", other.Body, StringComparison.Ordinal);
        Assert.Contains("\"required\":[\"input\"]", other.Body, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_allowed_tools_are_told_to_a_server_that_knows_no_such_choice()
    {
        using var request = NewRequest(Ask());
        foreach (var name in (ReadOnlySpan<string>)["f", "g", "h"])
        {
            request.Tools.Add(new ChatTool(ToolKind.Function, name));
        }

        request.ToolChoice = new ToolChoice(ToolChoiceMode.Required, ["f", "h"]);

        Assert.Contains("\"type\":\"allowed_tools\",\"allowed_tools\":{\"mode\":\"required\"", Write(request, Own).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"g\"", Write(request, Other).Body, StringComparison.Ordinal);
        Assert.Contains("\"tool_choice\":\"required\"", Write(request, Other).Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MediaKind.Video, "video/mp4")]
    [InlineData(MediaKind.Audio, "audio/ogg")]
    public void Media_that_has_no_form_is_refused(MediaKind kind, string type)
    {
        using var request = NewRequest(
            Turn(ChatRole.User, new MediaPart(kind) { MimeType = type, Base64 = "AA"u8.ToArray() }));

        Assert.Throws<UntranslatableException>(() => Write(request, Own));
    }

    [Fact]
    public void Everything_without_a_place_is_reported_by_the_caller_s_name()
    {
        using var document = JsonDocument.Parse("""{"a":"b"}""");
        using var request = NewRequest(Turn(
            ChatRole.User, new ForeignPart(Dialect.Anthropic, "search_result", document.RootElement), new TextPart("u")));
        request.Others["container"] = document.RootElement;
        request.Tools.Add(new ChatTool(ToolKind.Server, "web_search") { SourceDialect = Dialect.Anthropic });
        request.Metadata = document.RootElement;
        request.ServiceTier = "turbo";

        Assert.Equal(
            "search_result, tools.web_search, service_tier, metadata, container", Write(request, Own).Dropped);
    }

    [Fact]
    public void Request_that_goes_to_its_own_dialect_keeps_its_meaning()
    {
        const string Body = """
            {"model":"gpt-4o","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"u"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}},
            {"type":"image_url","image_url":{"url":"https://x/y.png"}},
            {"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]},
            {"role":"assistant","content":"a","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]},
            {"role":"tool","tool_call_id":"1","content":"r"},{"role":"user","content":"more"}],
            "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}}],
            "tool_choice":"required","parallel_tool_calls":false,
            "response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":true}},
            "max_completion_tokens":9,"stop":["x"],"temperature":0.5,"top_p":0.9,"frequency_penalty":1,"presence_penalty":-1,
            "top_k":3,"seed":7,"n":2,"logit_bias":{"1":2},"safety_identifier":"u1","prompt_cache_key":"k",
            "service_tier":"flex","stream":true,"stream_options":{"include_usage":true},"prediction":{"type":"content"}}
            """;

        var (written, dropped) = Codec.Request(Dialect.Chat, Dialect.Chat, Body, Own);

        Assert.Equal("", dropped);
        using var expected = JsonDocument.Parse(Body);
        using var actual = JsonDocument.Parse(written);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), written);
    }
}
