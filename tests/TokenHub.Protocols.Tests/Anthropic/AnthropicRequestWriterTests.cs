using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;
using static TokenHub.Protocols.Tests.Codecs.Translation;

namespace TokenHub.Protocols.Tests.Anthropic;

public sealed class AnthropicRequestWriterTests
{
    private const string New = "claude-opus-4-8";
    private const string Old = "claude-sonnet-4-20250514";
    private const string Schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}";

    private static Translation Write(ChatRequest request, string model = New, bool isCompatible = false) =>
        Of(request, Dialect.Anthropic, model, isCompatible);

    private static ChatRequest Hi() => Talk(User(Text("hi")));

    private static ChatRequest WithTool(params string[] names)
    {
        var request = Hi();
        foreach (var name in names)
        {
            request.Tools.Add(new ChatTool(ToolKind.Function, request.ToolBook.Add(name)) { Parameters = Parse(Schema) });
        }

        return request;
    }

    [Theory]
    [InlineData("requests/anthropic-midsystem.json")]
    [InlineData("requests/anthropic-parallel-results.json")]
    [InlineData("requests/anthropic-thinking-tools.json")]
    public void Recorded_request_comes_back_with_its_meaning(string name)
    {
        var body = Recorded(Path.GetFileName(name));
        var before = Parse(body);

        var after = Of(Dialect.Anthropic, body, Dialect.Anthropic, before.GetProperty("model").GetString()!).Body;

        Assert.Equal(Blocks(before), Blocks(after));
        foreach (var member in before.EnumerateObject().Where(member => member.Name is not ("messages" or "system")))
        {
            if (member.Name != "stream")
            {
                Assert.True(System.Text.Json.JsonElement.DeepEquals(member.Value, after.GetProperty(member.Name)));
            }
        }
    }

    [Fact]
    public void Signatures_and_what_is_hidden_come_back_bit_for_bit_and_nobody_elses_do()
    {
        const string Own = "EqEE+/==";
        var foreign = OpaqueCarrier.Write(new OpaqueItem(Dialect.Gemini, "gemini", OpaqueKind.Call, "x"));
        var body = "{\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"q\"},{\"role\":\"assistant\",\"content\":["
            + $"{{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"{Own}\"}},"
            + $"{{\"type\":\"redacted_thinking\",\"data\":\"{Own}\"}},"
            + $"{{\"type\":\"thinking\",\"thinking\":\"other\",\"signature\":\"{foreign}\"}},"
            + "{\"type\":\"text\",\"text\":\"a\"}]}]}";

        var after = Of(Dialect.Anthropic, body, Dialect.Anthropic, New);

        Assert.Equal(
            $"[{{'type':'thinking','thinking':'','signature':'{Own}'}},{{'type':'redacted_thinking','data':'{Own}'}},"
            + "{'type':'text','text':'a'}]",
            after.At("messages.1.content"));
        Assert.True(after.Dropped.IsEmpty);
    }

    [Fact]
    public void Turns_are_merged_and_begin_with_the_user()
    {
        var sent = Write(Talk(
            Turn(ChatRole.System, Text("s")), Turn(ChatRole.Developer, Text("d")), Assistant(Text("a")),
            Assistant(Text(""), Text("b ")), User(Text(" ")), User(Text("c")), User(Text("d")), Assistant(Text("e "))));

        Assert.Equal("[{'type':'text','text':'s'},{'type':'text','text':'d'}]", sent.At("system"));
        Assert.Equal(
            "[{'role':'user','content':[{'type':'text','text':'.'}]},"
            + "{'role':'assistant','content':[{'type':'text','text':'a'},{'type':'text','text':'b '}]},"
            + "{'role':'user','content':[{'type':'text','text':'c'},{'type':'text','text':'d'}]},"
            + "{'role':'assistant','content':[{'type':'text','text':'e'}]}]",
            sent.At("messages"));
    }

    [Fact]
    public void Instructions_alone_are_what_the_user_says()
    {
        var sent = Write(Talk(Turn(ChatRole.System, Text("do"))));

        Assert.Equal("[{'role':'user','content':[{'type':'text','text':'do'}]}]", sent.At("messages"));
        Assert.Equal("", sent.At("system"));
    }

    [Theory]
    [InlineData(New, "[{'role':'user','content':[{'type':'text','text':'a'}]},"
        + "{'role':'system','content':[{'type':'text','text':'s'}]},{'role':'assistant','content':[{'type':'text','text':'b'}]}]")]
    [InlineData("claude-sonnet-4-5", "[{'role':'user','content':[{'type':'text','text':'a'},"
        + "{'type':'text','text':'<system>\\ns\\n</system>'}]},{'role':'assistant','content':[{'type':'text','text':'b'}]}]")]
    public void Later_instructions_stay_in_their_place(string model, string messages) =>
        Assert.Equal(messages, Write(
            Talk(User(Text("a")), Turn(ChatRole.System, Text("s")), Assistant(Text("b"))), model).At("messages"));

    [Fact]
    public void Results_are_all_in_the_turn_behind_their_calls_in_order_and_missing_ones_made_up()
    {
        var sent = Write(Talk(
            User(Text("q")),
            Assistant(new CallPart("call.1", "f", "{\"x\": 1}"), new CallPart("b", "g", ""), new CallPart("c", "h", "[1]")),
            User(Result("b", "old"), Result("stray", "s")),
            Turn(ChatRole.System, Text("sys")),
            User(Result("b", "new", isError: true), Result("call.1", "one"), Text("go on"))));

        Assert.Equal(
            "[{'type':'tool_use','id':'call_1','name':'f','input':{'x':1}},{'type':'tool_use','id':'b','name':'g','input':{}},"
            + "{'type':'tool_use','id':'c','name':'h','input':{}}]",
            sent.At("messages.1.content"));
        Assert.Equal(
            "[{'type':'tool_result','tool_use_id':'call_1','content':'one'},"
            + "{'type':'tool_result','tool_use_id':'b','content':'new','is_error':true},"
            + "{'type':'tool_result','tool_use_id':'c','content':'No result was given for this call.','is_error':true},"
            + "{'type':'text','text':'Result of the call stray:'},{'type':'text','text':'s'},{'type':'text','text':'go on'}]",
            sent.At("messages.2.content"));
        Assert.Equal("[{'type':'text','text':'sys'}]", sent.At("messages.3.content"));
        Assert.Equal(["arguments"], sent.Dropped.Names);
    }

    [Fact]
    public void Ids_that_a_server_counts_anew_in_each_turn_are_told_apart()
    {
        var sent = Write(Talk(
            User(Text("q")),
            Assistant(new CallPart("call_0", "f", "{}")), User(Result("call_0", "one")),
            Assistant(new CallPart("call_0", "f", "{}")), User(Result("call_0", "two"))));

        Assert.Equal("'call_0'", sent.At("messages.1.content.0.id"));
        Assert.Equal("'call_0_2'", sent.At("messages.3.content.0.id"));
        Assert.Equal(
            "{'type':'tool_result','tool_use_id':'call_0_2','content':'two'}", sent.At("messages.4.content.0"));
    }

    [Fact]
    public void Media_have_their_sources()
    {
        var pdf = new MediaPart(MediaKind.Document)
        {
            MimeType = "application/pdf", Base64 = Encoding.ASCII.GetBytes("JVBE"), Name = "T", Context = "C",
        };

        var sent = Write(Talk(User(
            new MediaPart(MediaKind.Image) { Base64 = Encoding.ASCII.GetBytes("iVBORw0KGgoAAA==") },
            new MediaPart(MediaKind.Image) { Url = "https://a/b" }, pdf,
            new MediaPart(MediaKind.Document) { Text = "words" },
            new MediaPart(MediaKind.Document) { MimeType = "text/csv", Base64 = Encoding.ASCII.GetBytes("YSxi") })));

        Assert.Equal(
            "[{'type':'image','source':{'type':'base64','media_type':'image/png','data':'iVBORw0KGgoAAA=='}},"
            + "{'type':'image','source':{'type':'url','url':'https://a/b'}},"
            + "{'type':'document','source':{'type':'base64','media_type':'application/pdf','data':'JVBE'},'title':'T','context':'C'},"
            + "{'type':'document','source':{'type':'text','media_type':'text/plain','data':'words'}},"
            + "{'type':'document','source':{'type':'text','media_type':'text/plain','data':'a,b'}}]",
            sent.At("messages.0.content"));
    }

    [Fact]
    public void What_would_be_lost_in_silence_is_refused()
    {
        var many = Hi();
        many.Sampling.N = 2;
        var probable = Hi();
        probable.Sampling.Logprobs = true;

        Assert.Equal("n", Assert.Throws<UntranslatableException>(() => Write(many)).Param);
        Assert.Equal("logprobs", Assert.Throws<UntranslatableException>(() => Write(probable)).Param);
        foreach (var part in new[]
        {
            new MediaPart(MediaKind.Audio) { Base64 = new byte[4] }, new MediaPart(MediaKind.Image) { FileId = "f" },
            new MediaPart(MediaKind.Image) { MimeType = "image/heic", Base64 = new byte[4] },
        })
        {
            Assert.Throws<UntranslatableException>(() => Write(Talk(User(part))));
        }
    }

    [Theory]
    [InlineData(New, null, "128000", "")]
    [InlineData("claude-opus-4-1", null, "32000", "")]
    [InlineData("us.anthropic.claude-sonnet-4-5-20250929-v1:0", null, "64000", "")]
    [InlineData("claude-sonnet-4@20250514", null, "64000", "")]
    [InlineData("claude-3-haiku-20240307", null, "4096", "")]
    [InlineData("claude-3-5-haiku-20241022", 100_000L, "8192", "max_completion_tokens")]
    [InlineData("something-else", 100_000L, "100000", "")]
    [InlineData("something-else", null, "4096", "")]
    public void Limit_is_the_models_where_none_is_given(string model, long? wanted, string max, string dropped)
    {
        var request = Hi();
        request.OutputTokensMax = wanted;

        var sent = Write(request, model);

        Assert.Equal((max, dropped), (sent.At("max_tokens"), sent.Dropped.ToString()));
    }

    [Theory]
    [InlineData(New, Effort.High, null, null, "{'type':'adaptive'}", "{'effort':'high'}", "")]
    [InlineData(New, Effort.XHigh, null, null, "{'type':'adaptive'}", "{'effort':'xhigh'}", "")]
    [InlineData("claude-opus-4-6", Effort.XHigh, null, null, "{'type':'adaptive'}", "{'effort':'max'}", "")]
    [InlineData(New, Effort.Minimal, null, null, "{'type':'adaptive'}", "{'effort':'low'}", "")]
    [InlineData(New, null, 9000L, null, "{'type':'adaptive'}", "{'effort':'high'}", "")]
    [InlineData(New, null, -1L, null, "{'type':'adaptive'}", "", "")]
    [InlineData(New, Effort.None, null, null, "{'type':'disabled'}", "", "")]
    [InlineData(Old, Effort.High, null, null, "{'type':'enabled','budget_tokens':24576}", "", "")]
    [InlineData(Old, null, 100L, null, "{'type':'enabled','budget_tokens':1024}", "", "")]
    [InlineData(Old, null, 5000L, 4000L, "{'type':'enabled','budget_tokens':2976}", "", "")]
    [InlineData(Old, null, 5000L, 1500L, "{'type':'enabled','budget_tokens':1024}", "", "")]
    [InlineData(Old, null, 5000L, 1024L, "", "", "reasoning_effort")]
    [InlineData("claude-3-5-sonnet-20241022", Effort.High, null, null, "", "", "reasoning_effort")]
    [InlineData("claude-3-5-sonnet-20241022", Effort.None, null, null, "", "", "")]
    public void Thinking_is_told_as_the_model_takes_it(
        string model, Effort? effort, long? budget, long? max, string thinking, string output, string dropped)
    {
        var request = Hi();
        request.Reasoning = new ReasoningWish { Effort = effort, BudgetTokens = budget };
        request.OutputTokensMax = max;

        var sent = Write(request, model);

        Assert.Equal(
            (thinking, output, dropped), (sent.At("thinking"), sent.At("output_config"), sent.Dropped.ToString()));
    }

    [Fact]
    public void Thinking_gives_way_to_a_tool_that_must_be_called_and_to_calls_without_a_thought()
    {
        var forced = WithTool("f");
        forced.Reasoning = new ReasoningWish { Effort = Effort.High };
        forced.ToolChoice = new ToolChoice(ToolChoiceMode.Required);
        var underWay = Talk(User(Text("q")), Assistant(new CallPart("a", "f", "{}")), User(Result("a", "r")));
        underWay.Reasoning = new ReasoningWish { Effort = Effort.High };

        Assert.Equal("", Write(forced, Old).At("thinking"));
        Assert.Equal(["reasoning_effort"], Write(forced, Old).Dropped.Names);
        Assert.Equal("", Write(underWay, Old).At("thinking"));
        Assert.Equal("{'type':'adaptive'}", Write(underWay).At("thinking"));
    }

    [Theory]
    [InlineData(Old, 1.5, null, null, "1,,", "temperature")]
    [InlineData(Old, 0.5, 0.9, null, "0.5,0.9,", "")]
    [InlineData("claude-sonnet-4-5", 0.5, 0.9, null, "0.5,,", "top_p")]
    [InlineData("claude-sonnet-4-5", null, 0.9, 7L, ",0.9,7", "")]
    [InlineData(New, 0.5, 0.9, 7L, ",,", "temperature, top_p, top_k")]
    [InlineData(New, 1.0, 0.995, null, "1,0.995,", "")]
    public void Sampling_is_told_as_the_model_takes_it(
        string model, double? temperature, double? topP, long? topK, string sent, string dropped)
    {
        var request = Hi();
        (request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.TopK) = (temperature, topP, topK);

        var written = Write(request, model);

        Assert.Equal(sent, $"{written.At("temperature")},{written.At("top_p")},{written.At("top_k")}");
        Assert.Equal(dropped, written.Dropped.ToString());
    }

    [Theory]
    [InlineData(ToolChoiceMode.None, "", null, "{'type':'none'}", 2)]
    [InlineData(ToolChoiceMode.Auto, "", false, "{'type':'auto','disable_parallel_tool_use':true}", 2)]
    [InlineData(ToolChoiceMode.Required, "", true, "{'type':'any'}", 2)]
    [InlineData(ToolChoiceMode.Required, "g", null, "{'type':'tool','name':'g'}", 2)]
    [InlineData(ToolChoiceMode.Auto, "f", null, "{'type':'auto'}", 1)]
    public void Tool_choice_is_told(ToolChoiceMode mode, string names, bool? parallel, string choice, int tools)
    {
        var request = WithTool("f", "g");
        request.ToolChoice = new ToolChoice(mode, names.Split(',', StringSplitOptions.RemoveEmptyEntries));
        request.ParallelCalls = parallel;

        var sent = Write(request);

        Assert.Equal((choice, tools), (sent.At("tool_choice"), sent.Body.GetProperty("tools").GetArrayLength()));
    }

    [Fact]
    public void Tools_always_take_an_object()
    {
        var request = Hi();
        request.Tools.Add(new ChatTool(ToolKind.Function, "none"));
        request.Tools.Add(new ChatTool(ToolKind.FreeForm, "free") { Description = "d" });
        request.Tools.Add(new ChatTool(ToolKind.Function, "loose") { Parameters = Parse("{\"properties\":{}}") });
        request.Tools.Add(new ChatTool(ToolKind.Server, "web_search") { SourceDialect = Dialect.Responses });

        var sent = Write(request);

        Assert.Equal(
            "[{'name':'none','input_schema':{'type':'object','properties':{}}},{'name':'free','description':'d','input_schema':"
            + "{'type':'object','properties':{'input':{'type':'string'}},'required':['input']}},"
            + "{'name':'loose','input_schema':{'type':'object','properties':{}}}]",
            sent.At("tools"));
        Assert.Equal(["tools.web_search"], sent.Dropped.Names);
    }

    [Fact]
    public void Form_of_answer_is_a_format_where_the_model_has_one()
    {
        var request = Hi();
        request.Format = new OutputFormat(OutputFormatKind.JsonSchema)
        {
            Schema = Parse(
                "{\"type\":\"object\",\"properties\":{\"minimum\":{\"type\":\"integer\",\"minimum\":1,\"default\":{\"oneOf\":1}},"
                + "\"when\":{\"type\":\"string\",\"format\":\"uuid\"},\"x\":{\"type\":\"string\",\"format\":\"phone\","
                + "\"description\":\"d\"},\"y\":{\"oneOf\":[{\"type\":[\"object\",\"null\"]}]}}}"),
        };

        var sent = Write(request);

        Assert.Equal(
            "{'format':{'type':'json_schema','schema':{'type':'object','properties':{'minimum':{'type':'integer',"
            + "'default':{'oneOf':1},'description':'(minimum: 1)'},'when':{'type':'string','format':'uuid'},"
            + "'x':{'type':'string','description':'d (format: \\'phone\\')'},'y':{'anyOf':[{'type':['object','null'],"
            + "'additionalProperties':false}]}},'additionalProperties':false}}}",
            sent.At("output_config"));
        Assert.Null(sent.Request.ToolBook.FormatTool);
    }

    [Theory]
    [InlineData(false, "{'type':'tool','name':'answer','disable_parallel_tool_use':true}", "answer")]
    [InlineData(true, "{'type':'any','disable_parallel_tool_use':true}", "answer_")]
    public void Form_of_answer_is_a_tool_where_it_has_none(bool hasTool, string choice, string name)
    {
        var request = hasTool ? WithTool("answer") : Hi();
        request.Format = new OutputFormat(OutputFormatKind.JsonSchema) { Schema = Parse(Schema), Name = "answer" };

        var sent = Write(request, Old);

        Assert.Equal(name, sent.Request.ToolBook.FormatTool);
        Assert.Equal(choice, sent.At("tool_choice"));
        Assert.Equal(
            $"{{'name':'{name}','description':'Gives the answer in its form.','input_schema':{Schema.Replace('"', '\'')}}}",
            sent.At(hasTool ? "tools.1" : "tools.0"));
        Assert.True(sent.Dropped.IsEmpty);
    }

    [Fact]
    public void Any_object_at_all_is_asked_for_in_words()
    {
        var request = Hi();
        request.Format = new OutputFormat(OutputFormatKind.JsonObject);

        var sent = Write(request);

        Assert.Equal("[{'type':'text','text':'Answer with one JSON object and nothing else.'}]", sent.At("system"));
        Assert.Equal(["response_format"], sent.Dropped.Names);
    }

    [Fact]
    public void Cache_marks_are_kept_as_many_as_are_taken()
    {
        var parts = Enumerable.Range(0, 6)
            .Select(i => (ChatPart)new TextPart($"{i}") { Cache = new CacheMark(i == 5 ? "1h" : null) }).ToArray();

        var content = Write(Talk(User(parts))).Body.GetProperty("messages")[0].GetProperty("content");

        Assert.Equal(
            [false, false, true, true, true, true],
            content.EnumerateArray().Select(part => part.TryGetProperty("cache_control", out _)));
        Assert.Equal("{\"type\":\"ephemeral\",\"ttl\":\"1h\"}", Compact(content[5].GetProperty("cache_control")));
    }

    [Fact]
    public void Rest_is_told_or_reported()
    {
        var request = Hi();
        request.Stream = true;
        request.Stop.AddRange(["END", " "]);
        request.EndUser = "u";
        request.ServiceTier = "flex";
        request.Verbosity = "low";
        request.Metadata = Parse("{}");
        request.PromptCacheKey = "k";
        (request.Sampling.Seed, request.Sampling.PresencePenalty) = (1, 0.5);
        request.Others["prediction"] = Parse("{}");

        var sent = Write(request);

        Assert.Equal(("['END']", "true"), (sent.At("stop_sequences"), sent.At("stream")));
        Assert.Equal([" "], request.StopsHere);
        Assert.Equal(
            "{'user_id':'0bfe935e70c321c7ca3afc75ce0d0ca2f98b5422e008bb31c00c6d7f1f1c0ad6'}", sent.At("metadata"));
        Assert.Equal(
            ["presence_penalty", "seed", "service_tier", "verbosity", "metadata", "prediction"],
            sent.Dropped.Names);
    }

    [Fact]
    public void Request_may_be_written_again_for_another_upstream()
    {
        var request = Talk(
            User(Text("q")), Assistant(new CallPart("a.b", "f", "{}")), User(Result("a.b", "r")));

        var first = Write(request);
        var second = Write(request);

        Assert.Equal(Compact(first.Body), Compact(second.Body));
    }

    [Fact]
    public void Server_that_only_resembles_the_makers_is_told_less()
    {
        var request = Talk(User(Text("a")), Turn(ChatRole.System, Text("s")), User(Text("b")));
        request.Reasoning = new ReasoningWish { Effort = Effort.Low };

        var sent = Write(request, New, isCompatible: true);

        Assert.Equal("{'type':'enabled','budget_tokens':1024}", sent.At("thinking"));
        Assert.Equal("", sent.At("output_config"));
        Assert.Equal(1, sent.Body.GetProperty("messages").GetArrayLength());
    }

    [Theory]
    [InlineData("claude-opus-4-8", MediaKind.Image, true)]
    [InlineData("anthropic.claude-opus-4-8-v1:0", MediaKind.Image, false)]
    [InlineData("claude-opus-4-8@20260101", MediaKind.Document, false)]
    [InlineData("claude-opus-4-8", MediaKind.Audio, false)]
    public void Addresses_are_taken_by_the_maker_alone(string model, MediaKind kind, bool takes) =>
        Assert.Equal(takes, DialectCodecs.Of(Dialect.Anthropic).RequestWriter
            .TakesUrl(new MediaPart(kind) { Url = "https://a" }, new UpstreamModel(model)));

    // Blocks by role; a text alone is a block, and what says the default is left out.
    private static string Blocks(System.Text.Json.JsonElement body)
    {
        var lines = new StringBuilder();
        foreach (var message in body.GetProperty("messages").EnumerateArray())
        {
            lines.AppendLine(message.GetProperty("role").GetString());
            foreach (var block in message.GetProperty("content").EnumerateArray())
            {
                lines.AppendLine(string.Join(' ', block.EnumerateObject()
                    .Where(member => Compact(member.Value) != "false").OrderBy(member => member.Name, StringComparer.Ordinal)
                    .Select(member => $"{member.Name}={Compact(member.Value)}")));
            }
        }

        return lines.Replace("{\"ttl\":\"5m\",\"type\":\"ephemeral\"}", "{\"type\":\"ephemeral\",\"ttl\":\"5m\"}").ToString();
    }
}
