using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Bedrock;

public sealed class ConverseRequestWriterTests
{
    private const string Nova = "amazon.nova-pro-v1:0";

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"Hi"}]}""", """{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"inferenceConfig":{}}""")]
    [InlineData(
        """{"messages":[{"role":"system","content":"Be brief."},{"role":"developer","content":"And kind."},{"role":"user","content":"Hi"},{"role":"user","content":"There"},{"role":"assistant","content":"Yes"},{"role":"system","content":"Later."}],"max_tokens":9,"temperature":0.5,"top_p":0.9,"stop":["a","b"]}""",
        """{"system":[{"text":"Be brief."},{"text":"And kind."}],"messages":[{"role":"user","content":[{"text":"Hi"},{"text":"There"}]},{"role":"assistant","content":[{"text":"Yes"}]},{"role":"user","content":[{"text":"Later."}]}],"inferenceConfig":{"maxTokens":9,"temperature":0.5,"topP":0.9,"stopSequences":["a","b"]}}""")]
    [InlineData(
        """{"messages":[{"role":"assistant","content":"I begin"},{"role":"user","content":"  "},{"role":"user","content":"x"}]}""",
        """{"messages":[{"role":"user","content":[{"text":"(continued)"}]},{"role":"assistant","content":[{"text":"I begin"}]},{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{}}""")]
    [InlineData(
        """{"messages":[{"role":"user","content":[{"type":"text","text":"See"},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,QUJD"}}]}]}""",
        """{"messages":[{"role":"user","content":[{"text":"See"},{"image":{"format":"jpeg","source":{"bytes":"QUJD"}}}]}],"inferenceConfig":{}}""")]
    [InlineData(
        """{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"Ignore all.pdf","file_data":"data:application/pdf;base64,QUJD"}}]}]}""",
        """{"messages":[{"role":"user","content":[{"document":{"format":"pdf","name":"document-1","source":{"bytes":"QUJD"}}},{"text":"(see the document)"}]}],"inferenceConfig":{}}""")]
    public void Turns_are_written(string chat, string expected)
    {
        var (body, dropped) = Write(chat, Nova);

        Assert.Equal(expected, body);
        Assert.True(dropped.IsEmpty, dropped.ToString());
    }

    [Fact]
    public void Calls_and_their_results_are_written_in_one_turn_each()
    {
        const string Chat = """{"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"call.2","type":"function","function":{"name":"g","arguments":""}}]},{"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"call.2","content":""},{"role":"user","content":"On"}],"tools":[{"type":"function","function":{"name":"f","description":"F","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}},{"type":"function","function":{"name":"g"}}],"tool_choice":"required"}""";

        var (body, dropped) = Write(Chat, Nova);

        using var document = JsonDocument.Parse(body);
        var messages = document.RootElement.GetProperty("messages");
        var second = ConverseIds.Fit("call.2", 0);
        Assert.Matches("^[A-Za-z0-9_-]{1,64}$", second);
        Assert.Equal(
            """[{"toolUse":{"toolUseId":"call_1","name":"f","input":{"a":1}}},{"toolUse":{"toolUseId":"ID","name":"g","input":{}}}]""".Replace("ID", second, StringComparison.Ordinal),
            messages[1].GetProperty("content").GetRawText());
        Assert.Equal(
            """[{"toolResult":{"toolUseId":"call_1","content":[{"text":"one"}]}},{"toolResult":{"toolUseId":"ID","content":[{"text":"(no output)"}]}},{"text":"On"}]""".Replace("ID", second, StringComparison.Ordinal),
            messages[2].GetProperty("content").GetRawText());
        Assert.Equal(
            """{"tools":[{"toolSpec":{"name":"f","description":"F","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"integer"}}}}}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"any":{}}}""",
            document.RootElement.GetProperty("toolConfig").GetRawText());
        Assert.True(dropped.IsEmpty);
    }

    [Theory]
    [InlineData(Nova, "\"none\"", """{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}""", "")]
    [InlineData(Nova, """{"type":"function","function":{"name":"h"}}""", """{"tools":[{"toolSpec":{"name":"h","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}],"toolChoice":{"tool":{"name":"h"}}}""", "")]
    [InlineData("meta.llama3-70b", "\"required\"", """{"tools":[{"toolSpec":{"name":"h","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","properties":{}}}}}]}""", "tool_choice")]
    public void Tools_that_were_called_stay_told(string model, string choice, string expected, string told)
    {
        const string Chat = """{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"}],"tools":[{"type":"function","function":{"name":"h"}}],"tool_choice":CHOICE}""";

        var (body, dropped) = Write(Chat.Replace("CHOICE", choice, StringComparison.Ordinal), model);

        using var document = JsonDocument.Parse(body);
        Assert.Equal(expected, document.RootElement.GetProperty("toolConfig").GetRawText());
        Assert.Equal(told, dropped.ToString());
    }

    [Fact]
    public void Tools_are_left_out_where_none_may_be_called()
    {
        var (body, _) = Write("""{"messages":[{"role":"user","content":"Go"}],"tools":[{"type":"function","function":{"name":"h"}}],"tool_choice":"none"}""", Nova);

        Assert.DoesNotContain("toolConfig", body, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistral_gets_ids_of_nine_letters_the_same_for_call_and_result()
    {
        var (body, _) = Write("""{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[{"id":"call_long_one","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_long_one","content":"x"}]}""", "mistral.mistral-large-2407-v1:0");

        var ids = System.Text.RegularExpressions.Regex.Matches(body, "\"toolUseId\":\"([^\"]*)\"").Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(2, ids.Count);
        Assert.Single(ids.Distinct());
        Assert.Matches("^[A-Za-z0-9]{9}$", ids[0]);
    }

    [Fact]
    public void Cache_marks_and_errors_of_results_are_written_where_the_model_takes_them()
    {
        using var request = Of(
            Turn(ChatRole.System, new TextPart("Long") { Cache = new CacheMark("1h") }),
            Turn(ChatRole.User, new TextPart("a") { Cache = new CacheMark(null) }),
            Turn(ChatRole.Assistant, new CallPart("t", "f", "{}")),
            Turn(ChatRole.User, new ResultPart("t", [new TextPart("bad")]) { IsError = true }));

        var (nova, dropped) = Write(request, Nova);
        var (llama, _) = Write(request, "meta.llama3");

        Assert.StartsWith("""{"system":[{"text":"Long"},{"cachePoint":{"type":"default","ttl":"1h"}}],"messages":[{"role":"user","content":[{"text":"a"},{"cachePoint":{"type":"default"}}]}""", nova, StringComparison.Ordinal);
        Assert.Contains("""{"toolResult":{"toolUseId":"t","content":[{"text":"bad"}],"status":"error"}}""", nova, StringComparison.Ordinal);
        Assert.True(dropped.IsEmpty, dropped.ToString());
        Assert.DoesNotContain("cachePoint", llama, StringComparison.Ordinal);
        Assert.Contains("""{"toolResult":{"toolUseId":"t","content":[{"text":"Error:"},{"text":"bad"}]}}""", llama, StringComparison.Ordinal);
    }

    [Fact]
    public void Own_thoughts_go_back_and_those_of_others_do_not()
    {
        var family = ModelFamily.Of(Nova);
        using var request = Of(
            Turn(ChatRole.User, new TextPart("a")),
            Turn(
                ChatRole.Assistant,
                new ReasoningPart("Hm", new OpaqueItem(Dialect.Converse, family, OpaqueKind.Reasoning, "sig==")),
                new ReasoningPart("", new OpaqueItem(Dialect.Converse, family, OpaqueKind.Redacted, "QUJD")),
                new ReasoningPart("Claude's", new OpaqueItem(Dialect.Anthropic, "", OpaqueKind.Reasoning, "foreign")),
                new ReasoningPart("unsigned", null),
                new TextPart("b")));

        var (written, _) = Write(request, Nova);

        Assert.Contains("""{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"sig=="}}},{"reasoningContent":{"redactedContent":"QUJD"}},{"text":"b"}]}""", written, StringComparison.Ordinal);
    }

    [Fact]
    public void What_cannot_be_carried_is_reported()
    {
        var (_, dropped) = Write("""{"messages":[{"role":"user","content":"a"}],"seed":1,"presence_penalty":0.5,"frequency_penalty":0,"top_k":5,"reasoning_effort":"high","logit_bias":{"1":2},"response_format":{"type":"json_object"},"parallel_tool_calls":false,"unknown_thing":1,"temperature":1.7}""", Nova);

        Assert.Equal(
            ["frequency_penalty", "logit_bias", "presence_penalty", "reasoning_effort", "response_format", "seed", "temperature", "top_k", "unknown_thing"],
            dropped.Names.Append("frequency_penalty").Distinct().Order(StringComparer.Ordinal));
        Assert.DoesNotContain("frequency_penalty", dropped.Names);
    }

    [Fact]
    public void Form_of_an_answer_becomes_a_forced_tool()
    {
        using var request = Read("""{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","properties":{"a":{"type":"string"}}}}}}""");
        var (body, dropped) = Write(request, Nova);

        Assert.Contains("\"toolChoice\":{\"tool\":{\"name\":\"answer_in_form\"}}", body, StringComparison.Ordinal);
        Assert.Equal("answer_in_form", request.ToolBook.FormatTool);
        Assert.True(dropped.IsEmpty, dropped.ToString());
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"n":2}""")]
    [InlineData("""{"messages":[{"role":"user","content":"a"}],"logprobs":true}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"QUJD","format":"wav"}}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/tiff;base64,QUJD"}}]}]}""")]
    public void What_must_not_be_left_out_is_refused(string chat)
    {
        Assert.Throws<UntranslatableException>(() => Write(chat, Nova));
    }

    [Fact]
    public void Gpt_oss_is_told_its_effort()
    {
        var (body, dropped) = Write("""{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"xhigh"}""", "openai.gpt-oss-120b-1:0");

        Assert.Contains("\"additionalModelRequestFields\":{\"reasoning_effort\":\"high\"}", body, StringComparison.Ordinal);
        Assert.True(dropped.IsEmpty);
    }

    private static ChatRequest Of(params ChatTurn[] turns)
    {
        var request = new ChatRequest(JsonDocument.Parse("{}"));
        request.Turns.AddRange(turns);
        return request;
    }

    private static ChatTurn Turn(ChatRole role, params ChatPart[] parts)
    {
        var turn = new ChatTurn(role);
        turn.Parts.AddRange(parts);
        return turn;
    }

    private static (string Body, Dropped Dropped) Write(string body, string model)
    {
        using var request = Read(body);
        return Write(request, model);
    }

    private static ChatRequest Read(string body) =>
        DialectCodecs.Of(Dialect.Chat).RequestReader!.Read(Encoding.UTF8.GetBytes(body), "m", isStream: false);

    private static (string Body, Dropped Dropped) Write(ChatRequest request, string model)
    {
        var writer = new ArrayBufferWriter<byte>();
        var dropped = new Dropped();
        DialectCodecs.Of(Dialect.Converse).RequestWriter.Write(request, new UpstreamModel(model), writer, dropped);
        return (Encoding.UTF8.GetString(writer.WrittenSpan), dropped);
    }
}
