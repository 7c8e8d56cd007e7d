using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.OpenAi;

public sealed class OpenAiRequestReaderTests
{
    private static ChatRequest Read(string members) => DialectCodecs.Of(Dialect.Chat).RequestReader!.Read(
        Encoding.UTF8.GetBytes($$"""{"model":"m",{{members}}}"""), "", isStream: false);

    private static ChatRequest Messages(params ReadOnlySpan<string> messages) =>
        Read($"\"messages\":[{string.Join(',', messages!)}]");

    private static string Describe(ChatRequest request) => string.Join('\n', request.Turns.Select(turn =>
        $"{turn.Role}{(turn.Name is null ? "" : $"({turn.Name})")}: {string.Join(" | ", turn.Parts.Select(Describe))}"));

    private static string Describe(ChatPart part) => part switch
    {
        TextPart text => text.Text + (text.Cache is { } cache ? $" [cache {cache.Ttl}]" : ""),
        RefusalPart refusal => $"refusal {refusal.Text}",
        ReasoningPart thought => $"thought {thought.Text} {thought.Opaque?.Issuer} {thought.Opaque?.Data}".TrimEnd(),
        CallPart call => $"call {call.Id} {call.Name} {call.Arguments}{(call.IsFreeForm ? " free" : "")}",
        ResultPart result => $"result {result.CallId} {string.Join('+', result.Content.Select(Describe))}",
        MediaPart media => $"{media.Kind} {media.MimeType} {media.Url}{media.FileId}"
            + $"{Encoding.UTF8.GetString(media.Base64.Span)} {media.Name}{media.Detail}",
        ForeignPart foreign => $"foreign {foreign.Kind}",
        _ => "?",
    };

    [Fact]
    public void Turns_keep_their_order_and_results_go_first_into_the_turn_that_follows()
    {
        using var request = Messages(
            """{"role":"system","content":"s"}""",
            """{"role":"user","content":[{"type":"text","text":"u"},{"type":"text","text":""}],"name":"bob"}""",
            """
            {"role":"assistant","content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
            {"id":"b","type":"custom","custom":{"name":"sql","input":"x"}}]}
            """,
            """{"role":"tool","tool_call_id":"a","content":"old"}""",
            """{"role":"user","content":"between"}""",
            """{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"rb"}]}""",
            """{"role":"tool","tool_call_id":"a","content":"ra"}""",
            """{"role":"developer","content":"d"}""",
            """{"role":"user","content":"after"}""",
            """{"role":"assistant","content":"","refusal":"no"}""");

        Assert.Equal(
            """
            System: s
            User(bob): u
            Assistant: call a f {} | call b sql x free
            User: result a ra | result b rb | between
            Developer: d
            User: after
            Assistant: refusal no
            """.ReplaceLineEndings("\n"), Describe(request));
    }

    [Fact]
    public void Parts_of_every_kind_are_read()
    {
        using var request = Messages("""
            {"role":"user","content":[
            {"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AA+/","detail":"low"}},
            {"type":"image_url","image_url":{"url":"data:image\/png;base64,B\/A="}},
            {"type":"image_url","image_url":"https://x/y.png"},
            {"type":"input_audio","input_audio":{"data":"UklG","format":"mp3"}},
            {"type":"file","file":{"file_data":"data:application/pdf;base64,JVBE","filename":"a.pdf"}},
            {"type":"file","file":{"file_id":"file-1"}},{"type":"new_kind","x":1}]}
            """);

        Assert.Equal(
            "User: t [cache 1h] | Image image/png AA+/ low | Image image/png B/A=  | Image  https://x/y.png  | "
            + "Audio audio/mp3 UklG  | Document application/pdf JVBE a.pdf | Document  file-1  | foreign new_kind",
            Describe(request));
    }

    [Fact]
    public void Legacy_functions_are_tools_and_pair_with_their_results()
    {
        using var request = Read("""
            "functions":[{"name":"f","parameters":{"type":"object"}}],"function_call":{"name":"f"},"messages":[
            {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
            {"role":"function","name":"f","content":"r"}]
            """);

        Assert.Equal("Assistant: call call_1 f {}\nUser: result call_1 r", Describe(request));
        Assert.Equal("f", request.Tools.Single().Name);
        Assert.Equal((ToolChoiceMode.Required, "f"), (request.ToolChoice!.Mode, request.ToolChoice.Names.Single()));
    }

    [Fact]
    public void Thoughts_of_the_history_are_unsigned_but_for_carriers()
    {
        var carrier = OpaqueCarrier.Write(new OpaqueItem(Dialect.Anthropic, "claude", OpaqueKind.Reasoning, "SIG"));
        using var request = Messages(
            """{"role":"assistant","content":"a","reasoning_content":"plain"}""",
            $$"""{"role":"assistant","content":"b","reasoning":"x","reasoning_details":[{"type":"reasoning.text","text":"x","signature":"{{carrier}}"},{"type":"reasoning.encrypted","data":"E"}]}""");

        Assert.Equal(
            "Assistant: thought plain | a\n"
            + "Assistant: thought x Anthropic SIG | thought  Chat {\"type\":\"reasoning.encrypted\",\"data\":\"E\"} | b",
            Describe(request));
    }

    [Fact]
    public void Wishes_are_read_whatever_they_are_called()
    {
        using var request = Read("""
            "messages":[{"role":"user","content":"u"}],"stream":true,"stream_options":{"include_usage":true},
            "max_tokens":5,"max_completion_tokens":9,"temperature":0.5,"top_p":0.9,"top_k":3,"seed":7,"n":2,
            "frequency_penalty":1,"presence_penalty":-1,"logprobs":true,"top_logprobs":2,"logit_bias":{"1":2},
            "stop":"x","user":"old","safety_identifier":"new","prompt_cache_key":"k","service_tier":"flex",
            "verbosity":"low","metadata":{"a":"b"},"reasoning_effort":"high","parallel_tool_calls":false,"store":false,
            "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}},
            "modalities":["text"],"prediction":{"type":"content"},"web_search_options":null
            """);

        Assert.True(request is { Stream: true, IncludeUsage: true, OutputTokensMax: 9, ParallelCalls: false });
        Assert.True(request.Sampling is { Temperature: 0.5, TopP: 0.9, TopK: 3, Seed: 7, N: 2, Logprobs: true });
        Assert.Equal(("new", "k", "flex", "low"),
            (request.EndUser, request.PromptCacheKey, request.ServiceTier, request.Verbosity));
        Assert.Equal(Effort.High, request.Reasoning!.Effort);
        Assert.True(request.Format is { Kind: OutputFormatKind.JsonSchema, Name: "n", Strict: true });
        Assert.Equal(["x"], request.Stop);
        Assert.Equal(["prediction"], request.Others.Keys);
    }

    [Theory]
    [InlineData("\"auto\"", ToolChoiceMode.Auto, "")]
    [InlineData("\"none\"", ToolChoiceMode.None, "")]
    [InlineData("\"required\"", ToolChoiceMode.Required, "")]
    [InlineData("""{"type":"function","function":{"name":"f"}}""", ToolChoiceMode.Required, "f")]
    [InlineData("""{"type":"custom","custom":{"name":"sql"}}""", ToolChoiceMode.Required, "sql")]
    [InlineData("""{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}}""",
        ToolChoiceMode.Auto, "f g")]
    public void Choice_of_tools_is_read(string choice, ToolChoiceMode mode, string names)
    {
        using var request = Read($"\"messages\":[],\"tool_choice\":{choice}");

        Assert.Equal((mode, names), (request.ToolChoice!.Mode, string.Join(' ', request.ToolChoice.Names)));
    }

    [Theory]
    [InlineData("\"store\":true,\"messages\":[]", "store")]
    [InlineData("\"messages\":7", "messages")]
    [InlineData("\"x\":1", "messages")]
    [InlineData("\"messages\":[{\"role\":\"ghost\"}]", "messages.0.role")]
    [InlineData("\"messages\":[{\"role\":\"user\",\"content\":7}]", "messages.0.content")]
    [InlineData("\"messages\":[{\"role\":\"tool\",\"content\":\"\"}]", "messages.0.tool_call_id")]
    [InlineData("\"messages\":[],\"temperature\":\"hot\"", "temperature")]
    [InlineData("\"messages\":[],\"max_tokens\":1.5", "max_tokens")]
    [InlineData("\"messages\":[],\"tools\":[{\"type\":\"function\"}]", "tools.0.function")]
    [InlineData("\"messages\":[],\"reasoning_effort\":\"huge\"", "reasoning_effort")]
    public void What_is_no_request_is_refused_and_the_member_named(string members, string param)
    {
        Assert.Equal(param, Assert.Throws<UntranslatableException>(() => Read(members)).Param);
    }

    [Fact]
    public void Body_that_is_no_json_is_refused()
    {
        var reader = DialectCodecs.Of(Dialect.Chat).RequestReader!;

        Assert.Throws<UntranslatableException>(() => reader.Read("{\"a\":"u8.ToArray(), "", false));
        Assert.Throws<UntranslatableException>(() => reader.Read("[]"u8.ToArray(), "", false));
    }

    [Fact]
    public void Picture_s_bytes_are_where_they_stood()
    {
        var body = Encoding.UTF8.GetBytes(
            """{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]}]}""");
        using var request = DialectCodecs.Of(Dialect.Chat).RequestReader!.Read(body, "", false);

        var image = (MediaPart)request.Turns.Single().Parts.Single();

        Assert.True(body.AsSpan().Overlaps(image.Base64.Span));
    }
}
