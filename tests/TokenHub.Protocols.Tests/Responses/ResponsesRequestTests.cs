using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Responses;

public sealed class ResponsesRequestTests
{
    private static readonly UpstreamModel Gpt = new("gpt-5");
    private static readonly UpstreamModel Other = new("llama-3", IsCompatible: true);

    private static ChatRequest Read(string members) => DialectCodecs.Of(Dialect.Responses).RequestReader!.Read(
        Encoding.UTF8.GetBytes($$"""{"model":"m",{{members}}}"""), "", isStream: false);

    private static (string Body, string Dropped) ToChat(string members, UpstreamModel? model = null) =>
        Codec.Request(Dialect.Responses, Dialect.Chat, $$"""{"model":"m",{{members}}}""", model ?? Other);

    private static (string Body, string Dropped) FromChat(string members, UpstreamModel? model = null) =>
        Codec.Request(Dialect.Chat, Dialect.Responses, $$"""{"model":"m",{{members}}}""", model ?? Gpt);

    private static string Member(string body, string name)
    {
        using var document = JsonDocument.Parse(body);
        return document.RootElement.TryGetProperty(name, out var value) ? value.GetRawText() : "";
    }

    private static string Lines(string body, string name)
    {
        using var document = JsonDocument.Parse(body);
        return string.Join('\n', document.RootElement.GetProperty(name).EnumerateArray());
    }

    [Fact]
    public void Items_become_turns_with_calls_and_results_together()
    {
        var (body, dropped) = ToChat("""
            "instructions":"be brief","input":[
            {"role":"user","content":"u"},
            {"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]},
            {"type":"function_call","id":"fc","call_id":"1","name":"f","arguments":"{}"},
            {"type":"function_call","call_id":"2","name":"read","namespace":"files","arguments":"{\"p\":1}"},
            {"type":"custom_tool_call","call_id":"3","name":"patch","input":"*** a \"b\""},
            {"type":"function_call_output","call_id":"1","output":"r1"},
            {"type":"function_call_output","call_id":"2","output":[{"type":"input_text","text":"r2"},{"type":"input_image","image_url":"https://x/y.png","detail":"original"}]},
            {"type":"custom_tool_call_output","call_id":"3","output":"r3","status":"incomplete"},
            {"role":"user","content":[{"type":"input_text","text":"go"}]}]
            """);

        Assert.Equal(
            """
            {"role":"system","content":"be brief"}
            {"role":"user","content":"u"}
            {"role":"assistant","content":"a","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"files__read","arguments":"{\"p\":1}"}},{"id":"3","type":"function","function":{"name":"patch","arguments":"{\"input\":\"*** a \\\"b\\\"\"}"}}]}
            {"role":"tool","tool_call_id":"1","content":"r1"}
            {"role":"tool","tool_call_id":"2","content":"r2"}
            {"role":"tool","tool_call_id":"3","content":"Error: r3"}
            {"role":"user","content":[{"type":"text","text":"From the tool call 2:"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"high"}},{"type":"text","text":"go"}]}
            """.ReplaceLineEndings("\n"), Lines(body, "messages"));
        Assert.Equal("", dropped);
    }

    [Fact]
    public void Tools_of_codex_are_flattened_wherever_they_stand()
    {
        using var request = Read("""
            "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false},
            {"type":"namespace","name":"files","tools":[{"type":"function","name":"read","parameters":{"type":"object"}}]},
            {"type":"web_search"}],
            "input":[{"type":"additional_tools","tools":[{"type":"custom","name":"patch","format":{"type":"grammar","syntax":"lark","definition":"start"}}]},
            {"role":"developer","content":"d"},{"role":"user","content":"u"}],
            "client_metadata":{"x":"y"},"store":false,"include":["reasoning.encrypted_content"],"prompt_cache_key":"k"
            """);

        Assert.Equal(["f", "files__read", "web_search", "patch"], request.Tools.Select(tool => tool.Name));
        Assert.Equal(new ToolEntry("read", "files", false), request.ToolBook.Find("files__read"));
        Assert.Equal(ToolKind.FreeForm, request.Tools[3].Kind);
        Assert.False(request.ToolBook.IsPlain);
        Assert.Empty(request.Others);
        Assert.Equal([ChatRole.Developer, ChatRole.User], request.Turns.Select(turn => turn.Role));
    }

    [Fact]
    public void Server_s_own_tools_and_items_are_dropped_and_named()
    {
        var (body, dropped) = ToChat("""
            "tools":[{"type":"web_search"},{"type":"function","name":"f"}],"truncation":"auto",
            "include":["web_search_call.action.sources"],"reasoning":{"effort":"high","summary":"auto"},
            "input":[{"role":"user","content":"u"},{"type":"web_search_call","id":"ws"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}]
            """);

        Assert.Equal("web_search_call, tools.web_search, truncation, include.web_search_call.action.sources", dropped);
        Assert.Equal("\"high\"", Member(body, "reasoning_effort"));
        Assert.DoesNotContain("web_search", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"input\":\"x\",\"previous_response_id\":\"resp_1\"", "previous_response_id")]
    [InlineData("\"input\":\"x\",\"conversation\":{\"id\":\"c\"}", "conversation")]
    [InlineData("\"input\":\"x\",\"background\":true", "background")]
    [InlineData("\"input\":\"x\",\"store\":true", "store")]
    [InlineData("\"input\":\"x\",\"prompt\":{\"id\":\"p\"}", "prompt")]
    [InlineData("\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]", "input.0")]
    [InlineData("\"x\":1", "input")]
    [InlineData("\"input\":[{\"role\":\"ghost\"}]", "input.0.role")]
    [InlineData("\"input\":[{\"type\":\"function_call_output\"}]", "input.0.call_id")]
    public void What_rests_on_another_s_memory_is_refused(string members, string param)
    {
        Assert.Equal(param, Assert.Throws<UntranslatableException>(() => Read(members)).Param);
    }

    [Fact]
    public void Echo_repeats_the_request_and_says_the_defaults_of_the_rest()
    {
        using var request = Read("""
            "input":"x","instructions":"be \u0062rief",
            "tools":[{"type":"function","name":"f"}],"temperature":0.5,
            "text":{"verbosity":"low"},"reasoning":{"effort":"low"},"metadata":null,"safety_identifier":"u"
            """);
        using var empty = Read("\"input\":\"x\"");

        Assert.Equal(
            """
            "instructions":"be brief","max_output_tokens":null,"metadata":{},"parallel_tool_calls":true,
            "previous_response_id":null,"reasoning":{"effort":"low","summary":null},"store":false,"temperature":0.5,
            "text":{"format":{"type":"text"},"verbosity":"low"},"tool_choice":"auto",
            "tools":[{"type":"function","name":"f"}],"top_p":1.0,"truncation":"disabled","safety_identifier":"u"
            """.ReplaceLineEndings(""), Encoding.UTF8.GetString(request.Echo.Span));
        Assert.True(TokenHub.Protocols.Responses.ResponsesEcho.Standard.SequenceEqual(empty.Echo.Span));
    }

    [Fact]
    public void Carrier_of_a_call_goes_to_the_call_behind_it()
    {
        var (ofCall, ofThought) = (
            OpaqueCarrier.Write(new OpaqueItem(Dialect.Gemini, "gemini", OpaqueKind.Call, "S")),
            OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "T")));
        using var request = Read($$"""
            "input":[{"type":"reasoning","summary":[{"text":"a"},{"text":"b"}],"encrypted_content":"{{ofThought}}"},
            {"type":"reasoning","summary":[],"encrypted_content":"{{ofCall}}"},
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"}]
            """);

        var parts = request.Turns.Single().Parts;
        Assert.Equal(("a\n\nb", "T"), (((ReasoningPart)parts[0]).Text, ((ReasoningPart)parts[0]).Opaque!.Data));
        Assert.Equal((Dialect.Gemini, "S"), (((CallPart)parts[1]).Opaque!.Issuer, ((CallPart)parts[1]).Opaque!.Data));
    }

    [Fact]
    public void Messages_of_chat_become_items()
    {
        var (body, dropped) = FromChat("""
            "messages":[{"role":"system","content":"s"},{"role":"developer","content":"d"},
            {"role":"user","content":[{"type":"text","text":"u"},{"type":"image_url","image_url":{"url":"https://x/y.png"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]},
            {"role":"assistant","content":"a","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":""}}]},
            {"role":"tool","tool_call_id":"1","content":"r"},{"role":"user","content":"more"}],
            "tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"f"}},
            "max_completion_tokens":3,"reasoning_effort":"low","verbosity":"low","stop":"x","seed":1,"stream":true,
            "response_format":{"type":"json_object"},"user":"me"
            """);

        Assert.Equal("\"s\\n\\nd\"", Member(body, "instructions"));
        Assert.Equal(
            """
            {"type":"message","role":"user","content":[{"type":"input_text","text":"u"},{"type":"input_image","detail":"auto","image_url":"https://x/y.png"},{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"}]}
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"}
            {"type":"function_call_output","call_id":"1","output":"r"}
            {"type":"message","role":"user","content":[{"type":"input_text","text":"more"}]}
            """.ReplaceLineEndings("\n"), Lines(body, "input"));
        Assert.Equal(
            """[{"type":"function","name":"f","parameters":{"type":"object","properties":{}},"strict":false}]""",
            Member(body, "tools"));
        Assert.Equal("""{"type":"function","name":"f"}""", Member(body, "tool_choice"));
        Assert.Equal(("16", "false", "true"), (Member(body, "max_output_tokens"), Member(body, "store"), Member(body, "stream")));
        Assert.Equal(("""{"effort":"low"}""", """["reasoning.encrypted_content"]"""), (Member(body, "reasoning"), Member(body, "include")));
        Assert.Equal("""{"format":{"type":"json_object"},"verbosity":"low"}""", Member(body, "text"));
        Assert.Equal("seed", dropped);
    }

    [Fact]
    public void Instructions_in_the_middle_keep_their_place_and_the_first_ones_too()
    {
        var (body, _) = FromChat("""
            "messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"developer","content":"d"}]
            """);

        Assert.Equal("", Member(body, "instructions"));
        Assert.Equal(["system", "user", "developer"],
            Lines(body, "input").Split('\n').Select(line => JsonDocument.Parse(line).RootElement.GetProperty("role").GetString()));
    }

    [Fact]
    public void Several_answers_are_refused()
    {
        Assert.Equal("n", Assert.Throws<UntranslatableException>(
            () => FromChat("\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]")).Param);
    }

    [Fact]
    public void Thought_without_what_it_led_to_or_of_another_is_left_out()
    {
        var foreign = OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "T"));
        var (body, dropped) = Codec.Request(Dialect.Responses, Dialect.Responses, $$"""
            {"model":"m","input":[{"role":"user","content":"u"},
            {"type":"reasoning","id":"rs_0","summary":[],"encrypted_content":"{{foreign}}"},
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"},
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
            {"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"F"},
            {"type":"function_call_output","call_id":"1","output":"r"}]}
            """, Gpt);

        Assert.Equal(
            """
            {"type":"message","role":"user","content":[{"type":"input_text","text":"u"}]}
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"E"}
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"}
            {"type":"function_call_output","call_id":"1","output":"r"}
            """.ReplaceLineEndings("\n"), Lines(body, "input"));
        Assert.Equal("", dropped);
    }

    [Fact]
    public void Model_that_does_not_think_is_not_asked_to()
    {
        var (body, dropped) = FromChat(
            "\"reasoning_effort\":\"high\",\"temperature\":0.5,\"messages\":[{\"role\":\"user\",\"content\":\"u\"}]",
            new UpstreamModel("gpt-4o"));

        Assert.Equal(("", "", "0.5"), (Member(body, "reasoning"), Member(body, "include"), Member(body, "temperature")));
        Assert.Equal("reasoning_effort", dropped);
    }

    [Fact]
    public void Request_that_goes_to_its_own_dialect_keeps_its_meaning()
    {
        const string Body = """
            {"model":"gpt-5","instructions":"i","input":[
            {"type":"message","role":"user","content":[{"type":"input_text","text":"u"},
            {"type":"input_image","detail":"low","image_url":"data:image/png;base64,AA"},{"type":"input_image","detail":"auto","file_id":"file-1"},
            {"type":"input_file","file_url":"https://x/a.pdf"}]},
            {"type":"reasoning","id":"rs","summary":[],"encrypted_content":"E"},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"a"},{"type":"refusal","refusal":"no"}]},
            {"type":"custom_tool_call","call_id":"1","name":"patch","input":"x"},
            {"type":"custom_tool_call_output","call_id":"1","output":[{"type":"input_text","text":"r"},{"type":"input_image","detail":"auto","image_url":"https://x/y.png"}]},
            {"type":"web_search_call","id":"ws","status":"completed"},
            {"type":"message","role":"user","content":[{"type":"input_text","text":"more"}]}],
            "tools":[{"type":"custom","name":"patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"s"}},
            {"type":"function","name":"f","parameters":{"type":"object"},"strict":true},{"type":"web_search"}],
            "tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"custom","name":"patch"},{"type":"function","name":"f"}]},
            "parallel_tool_calls":false,"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},
            "reasoning":{"effort":"low","summary":"auto"},"include":["reasoning.encrypted_content"],"store":false,"stream":true,
            "max_output_tokens":99,"safety_identifier":"u1","prompt_cache_key":"k","service_tier":"flex","metadata":{"a":"b"},"truncation":"auto"}
            """;

        var (written, dropped) = Codec.Request(Dialect.Responses, Dialect.Responses, Body, Gpt);

        Assert.Equal("", dropped);
        using var expected = JsonDocument.Parse(Body);
        using var actual = JsonDocument.Parse(written);
        Assert.True(JsonElement.DeepEquals(expected.RootElement, actual.RootElement), written);
    }

    [Theory]
    [InlineData("openai-chat-tool-image.json", Dialect.Chat)]
    [InlineData("openai-responses-tool-image.json", Dialect.Responses)]
    [InlineData("openai-responses-reasoning.json", Dialect.Responses)]
    public void Recorded_request_goes_to_both_dialects(string name, Dialect from)
    {
        Assert.SkipWhen(Repository.WireFolder is null, WireCase.Absent);
        using var recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.WireFolder!, "requests", name)));
        var body = recorded.RootElement.GetProperty("body").GetRawText();

        var chat = Codec.Request(from, Dialect.Chat, body, Other).Body;
        var responses = Codec.Request(from, Dialect.Responses, body, Gpt).Body;

        Assert.Equal(1, Lines(chat, "messages").Split('\n').Count(line => line.Contains("\"role\":\"tool\"", StringComparison.Ordinal)));
        Assert.Equal(1, Lines(responses, "input").Split('\n').Count(line => line.Contains("\"function_call_output\"", StringComparison.Ordinal)));
        Assert.Equal(name.Contains("image", StringComparison.Ordinal), chat.Contains("1.png", StringComparison.Ordinal));
        Assert.Equal(from == Dialect.Responses, responses.Contains("\"encrypted_content\"", StringComparison.Ordinal));
    }
}
