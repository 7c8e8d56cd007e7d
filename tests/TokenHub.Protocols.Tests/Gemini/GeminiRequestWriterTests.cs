using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Tests.Codecs;
using static TokenHub.Protocols.Tests.Codecs.Translation;

namespace TokenHub.Protocols.Tests.Gemini;

public sealed class GeminiRequestWriterTests
{
    private const string Third = "gemini-3-pro-preview";
    private const string Second = "gemini-2.5-flash";

    private static Translation Write(ChatRequest request, string model = Third, bool isCompatible = false) =>
        Of(request, Dialect.Gemini, model, isCompatible);

    private static ChatRequest Hi() => Talk(User(Text("hi")));

    private static ChatRequest WithTool(params string[] names)
    {
        var request = Hi();
        foreach (var name in names)
        {
            request.Tools.Add(new ChatTool(ToolKind.Function, request.ToolBook.Add(name)));
        }

        return request;
    }

    [Fact]
    public void Recorded_request_comes_back_with_its_meaning()
    {
        var body = Recorded("gemini-signature-replay.json");
        var before = Parse(body);

        var after = Of(Dialect.Gemini, body, Dialect.Gemini, Third).Body;

        Assert.True(JsonElement.DeepEquals(
            before.GetProperty("contents")[1], after.GetProperty("contents")[1]), Compact(after));
        Assert.True(JsonElement.DeepEquals(before.GetProperty("contents")[2], after.GetProperty("contents")[2]));
        Assert.True(JsonElement.DeepEquals(before.GetProperty("tools"), after.GetProperty("tools")));
    }

    [Fact]
    public void Request_of_its_own_dialect_comes_back_whole()
    {
        const string Body =
            "{\"systemInstruction\":{\"parts\":[{\"text\":\"s\"}]},\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"},"
            + "{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"iV+/BO==\"}}]},{\"role\":\"model\",\"parts\":["
            + "{\"text\":\"m\",\"thought\":true,\"thoughtSignature\":\"A+/=\"},{\"text\":\"t\",\"thoughtSignature\":\"B+/=\"},"
            + "{\"functionCall\":{\"id\":\"x\",\"name\":\"f\",\"args\":{\"a\":1.0}},\"thoughtSignature\":\"C+/=\"},"
            + "{\"functionCall\":{\"id\":\"y\",\"name\":\"g\",\"args\":{}}},{\"executableCode\":{\"code\":\"1\"}},"
            + "{\"text\":\"\",\"thoughtSignature\":\"D+/=\"}]},{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"id\":\"x\","
            + "\"name\":\"f\",\"response\":{\"output\":\"1\",\"more\":2}}},{\"functionResponse\":{\"id\":\"y\",\"name\":\"g\",\"response\":"
            + "{\"error\":\"e\"}}}]}],\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\"}}]},"
            + "{\"googleSearch\":{}}],\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\"]}},"
            + "\"generationConfig\":{\"temperature\":0.5,\"topP\":0.9,\"topK\":40,\"seed\":7,\"candidateCount\":2,\"maxOutputTokens\":99,"
            + "\"stopSequences\":[\"a\"],\"responseLogprobs\":true,\"logprobs\":2,"
            + "\"thinkingConfig\":{\"thinkingLevel\":\"LOW\",\"includeThoughts\":true},\"mediaResolution\":\"LOW\"},"
            + "\"serviceTier\":\"flex\",\"safetySettings\":[]}";

        var after = Of(Dialect.Gemini, Body, Dialect.Gemini, Third);

        Assert.Equal(Body, Compact(after.Body));
        Assert.True(after.Dropped.IsEmpty);
    }

    [Fact]
    public void Turns_are_merged_and_begin_with_the_user()
    {
        var sent = Write(Talk(
            Turn(ChatRole.System, Text("s")), Turn(ChatRole.Developer, Text("d")), Assistant(Text("a")), Assistant(Text("b")),
            User(Text("c")), Turn(ChatRole.System, Text("t")), User(Text("d"))));

        Assert.Equal("{'parts':[{'text':'s'},{'text':'d'}]}", sent.At("systemInstruction"));
        Assert.Equal(
            "[{'role':'user','parts':[{'text':'.'}]},{'role':'model','parts':[{'text':'a'},{'text':'b'}]},"
            + "{'role':'user','parts':[{'text':'c'},{'text':'<system>\\nt\\n</system>'},{'text':'d'}]}]",
            sent.At("contents"));
    }

    [Fact]
    public void Model_without_a_place_for_instructions_is_told_them_first()
    {
        var sent = Write(Talk(Turn(ChatRole.System, Text("s")), User(Text("q"))), "gemma-3-27b-it");

        Assert.Equal("", sent.At("systemInstruction"));
        Assert.Equal("[{'role':'user','parts':[{'text':'s'},{'text':'q'}]}]", sent.At("contents"));
    }

    [Fact]
    public void Calls_and_results_are_paired_in_order_with_names_and_the_stand_in_for_a_signature()
    {
        var sent = Write(Talk(
            User(Text("q")),
            Assistant(Text("a"), new CallPart("1", "f", "{\"x\":1}"), new CallPart("2", "g", "oops")),
            User(Result("2", "two", isError: true), Text("go on")),
            Assistant(new CallPart("3", "free", "text") { IsFreeForm = true })));

        Assert.Equal(
            "[{'text':'a'},{'functionCall':{'id':'1','name':'f','args':{'x':1}},'thoughtSignature':"
            + "'skip_thought_signature_validator'},{'functionCall':{'id':'2','name':'g','args':{}}}]",
            sent.At("contents.1.parts"));
        Assert.Equal(
            "[{'functionResponse':{'id':'1','name':'f','response':{'error':'No result was given for this call.'}}},"
            + "{'functionResponse':{'id':'2','name':'g','response':{'error':'two'}}},{'text':'go on'}]",
            sent.At("contents.2.parts"));
        Assert.Equal(
            "{'functionCall':{'id':'3','name':'free','args':{'input':'text'}},'thoughtSignature':"
            + "'skip_thought_signature_validator'}",
            sent.At("contents.3.parts.0"));
        Assert.Equal(["arguments"], sent.Dropped.Names);
    }

    [Theory]
    [InlineData(Dialect.Gemini, "gemini", Third, "{'functionCall':{'id':'1','name':'f','args':{}},'thoughtSignature':'S'}")]
    [InlineData(Dialect.Gemini, "gemini", Second, "{'functionCall':{'id':'1','name':'f','args':{}},'thoughtSignature':'S'}")]
    [InlineData(Dialect.Anthropic, "claude", Third,
        "{'functionCall':{'id':'1','name':'f','args':{}},'thoughtSignature':'skip_thought_signature_validator'}")]
    [InlineData(Dialect.Anthropic, "claude", Second, "{'functionCall':{'id':'1','name':'f','args':{}}}")]
    public void Only_its_own_signatures_go_back(Dialect issuer, string family, string model, string expected)
    {
        var item = new OpaqueItem(issuer, family, OpaqueKind.Call, "S", "1");

        // With the call, as a store keeps it, and before it, as it comes through another dialect's slot.
        var with = Write(Talk(User(Text("q")), Assistant(new CallPart("1", "f", "{}") { Opaque = item })), model);
        var before = Write(
            Talk(User(Text("q")), Assistant(new ReasoningPart("m", item), new CallPart("1", "f", "{}"))), model);

        Assert.Equal((expected, expected), (with.At("contents.1.parts.0"), before.At("contents.1.parts.0")));
    }

    [Fact]
    public void Anthropic_client_gets_a_signature_back_to_the_call_it_came_with()
    {
        // The answer as the client saw it, repeated in his next request.
        var wire = WireCase.Load("gemini/thought-signature-tool.sse");
        var answer = Encoded.Cross(
            Dialect.Gemini, wire.Bytes, Dialect.Anthropic, DialectCodecs.Of(Dialect.Anthropic).NewBodyEncoder!());
        var content = Compact(answer.Json().GetProperty("content"));
        var id = answer.Json().GetProperty("content")[1].GetProperty("id").GetString();

        var next = Of(
            Dialect.Anthropic,
            $"{{\"messages\":[{{\"role\":\"user\",\"content\":\"q\"}},{{\"role\":\"assistant\",\"content\":{content}}},"
            + $"{{\"role\":\"user\",\"content\":[{{\"type\":\"tool_result\",\"tool_use_id\":\"{id}\",\"content\":\"Mexico\"}}]}}]}}",
            Dialect.Gemini, Third);

        var signature = Parse(Encoding.UTF8.GetString(wire.Bytes).Split('\n')[0].Trim()["data: ".Length..])
            .GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("thoughtSignature");
        Assert.Equal(
            signature.GetString(),
            next.Body.GetProperty("contents")[1].GetProperty("parts")[0].GetProperty("thoughtSignature").GetString());
        Assert.Equal("{'output':'Mexico'}", next.At("contents.2.parts.0.functionResponse.response"));
    }

    [Theory]
    [InlineData(Third, "{'functionResponse':{'id':'1','name':'f','response':{'output':'r'},'parts':[{'inlineData':"
        + "{'mimeType':'image/png','data':'AAAA'}}]}}", 1)]
    [InlineData(Second, "{'functionResponse':{'id':'1','name':'f','response':{'output':'r'}}}", 3)]
    public void Pictures_in_results_stand_where_the_model_takes_them(string model, string first, int count)
    {
        var picture = new MediaPart(MediaKind.Image) { MimeType = "image/png", Base64 = Encoding.ASCII.GetBytes("AAAA") };

        var sent = Write(
            Talk(User(Text("q")), Assistant(new CallPart("1", "f", "{}")), User(new ResultPart("1", [Text("r"), picture]))),
            model);

        Assert.Equal(first, sent.At("contents.2.parts.0"));
        Assert.Equal(count, sent.Body.GetProperty("contents")[2].GetProperty("parts").GetArrayLength());
    }

    [Fact]
    public void Media_have_their_places()
    {
        var sent = Write(Talk(User(
            new MediaPart(MediaKind.Image) { Url = "https://a/b.png?x" },
            new MediaPart(MediaKind.Audio) { MimeType = "audio/wav", Base64 = Encoding.ASCII.GetBytes("AAAA") },
            new MediaPart(MediaKind.Document) { Text = "words", Name = "T" })));

        Assert.Equal(
            "[{'fileData':{'mimeType':'image/png','fileUri':'https://a/b.png?x'}},"
            + "{'inlineData':{'mimeType':'audio/wav','data':'AAAA'}},{'text':'T\\nwords'}]",
            sent.At("contents.0.parts"));
        Assert.Throws<UntranslatableException>(
            () => Write(Talk(User(new MediaPart(MediaKind.Image) { FileId = "file-1" }))));
    }

    [Theory]
    [InlineData("https://a/b.png", Third, true)]
    [InlineData("https://a/b.png", Second, false)]
    [InlineData("https://www.youtube.com/watch?v=1", Second, true)]
    public void Addresses_are_taken_by_generation(string url, string model, bool takes) =>
        Assert.Equal(takes, DialectCodecs.Of(Dialect.Gemini).RequestWriter
            .TakesUrl(new MediaPart(MediaKind.Image) { Url = url }, new UpstreamModel(model)));

    [Theory]
    [InlineData(Second, Effort.High, null, null, "{'thinkingBudget':24576,'includeThoughts':true}")]
    [InlineData(Second, Effort.Max, null, null, "{'thinkingBudget':24576,'includeThoughts':true}")]
    [InlineData("gemini-2.5-pro", Effort.Max, null, null, "{'thinkingBudget':32768,'includeThoughts':true}")]
    [InlineData(Second, Effort.None, null, null, "{'thinkingBudget':0}")]
    [InlineData("gemini-2.5-pro", Effort.None, null, null, "{'thinkingBudget':128}")]
    [InlineData(Second, null, -1L, false, "{'thinkingBudget':-1}")]
    [InlineData(Third, Effort.Medium, null, null, "{'thinkingLevel':'HIGH','includeThoughts':true}")]
    [InlineData("gemini-3.1-pro", Effort.Medium, null, true, "{'thinkingLevel':'MEDIUM','includeThoughts':true}")]
    [InlineData("gemini-3-flash", Effort.Minimal, null, null, "{'thinkingLevel':'MINIMAL','includeThoughts':true}")]
    [InlineData("gemini-3.8-flash", Effort.Minimal, null, null, "{'thinkingLevel':'LOW','includeThoughts':true}")]
    [InlineData(Third, Effort.None, null, null, "{'thinkingLevel':'LOW'}")]
    [InlineData(Third, null, 9000L, null, "{'thinkingLevel':'HIGH','includeThoughts':true}")]
    [InlineData("gemini-2.0-flash", Effort.None, null, null, "")]
    public void Thinking_is_told_as_the_model_takes_it(
        string model, Effort? effort, long? budget, bool? shows, string expected)
    {
        var request = Hi();
        request.Reasoning = new ReasoningWish { Effort = effort, BudgetTokens = budget, ShowsText = shows };

        Assert.Equal(expected, Write(request, model).At("generationConfig.thinkingConfig"));
    }

    [Fact]
    public void Thinking_that_a_model_does_not_know_is_reported()
    {
        var request = Hi();
        request.Reasoning = new ReasoningWish { Effort = Effort.High };

        Assert.Equal(["reasoning_effort"], Write(request, "gemini-2.0-flash").Dropped.Names);
    }

    [Fact]
    public void Schemas_are_rewritten_at_the_places_of_schemas_alone()
    {
        var request = Hi();
        request.Tools.Add(new ChatTool(ToolKind.Function, "f")
        {
            Description = "d",
            Parameters = Parse(
                "{\"$schema\":\"x\",\"type\":\"object\",\"properties\":{\"const\":{\"const\":\"v\",\"default\":{\"const\":1}},"
                + "\"r\":{\"$ref\":\"#/definitions/N\",\"description\":\"gone\"},\"p\":{\"type\":\"string\",\"pattern\":\"^a\","
                + "\"enum\":[\"const\"]},\"all\":{\"allOf\":[{\"type\":\"string\"}],\"description\":\"k\"},"
                + "\"one\":{\"oneOf\":[{\"type\":[\"string\",\"null\"]}]}},\"additionalProperties\":false,"
                + "\"definitions\":{\"N\":{\"type\":\"integer\",\"exclusiveMinimum\":0}}}"),
        });

        Assert.Equal(
            "{'type':'object','properties':{'const':{'enum':['v']},'r':{'$ref':'#/$defs/N'},'p':{'type':'string',"
            + "'enum':['const'],'description':'(pattern: \\'^a\\')'},'all':{'type':'string','description':'k'},"
            + "'one':{'oneOf':[{'type':['string','null']}]}},'additionalProperties':false,"
            + "'$defs':{'N':{'type':'integer','description':'(exclusiveMinimum: 0)'}}}",
            Write(request).At("tools.0.functionDeclarations.0.parametersJsonSchema"));
    }

    [Theory]
    [InlineData(ToolChoiceMode.None, "", "{'mode':'NONE'}", 2)]
    [InlineData(ToolChoiceMode.Auto, "", "{'mode':'AUTO'}", 2)]
    [InlineData(ToolChoiceMode.Auto, "f", "{'mode':'AUTO'}", 1)]
    [InlineData(ToolChoiceMode.Required, "", "{'mode':'ANY'}", 2)]
    [InlineData(ToolChoiceMode.Required, "g", "{'mode':'ANY','allowedFunctionNames':['g']}", 2)]
    public void Tool_choice_is_told(ToolChoiceMode mode, string names, string config, int tools)
    {
        var request = WithTool("f", "g");
        request.ToolChoice = new ToolChoice(mode, names.Split(',', StringSplitOptions.RemoveEmptyEntries));

        var sent = Write(request);

        Assert.Equal(config, sent.At("toolConfig.functionCallingConfig"));
        Assert.Equal(tools, sent.Body.GetProperty("tools")[0].GetProperty("functionDeclarations").GetArrayLength());
    }

    [Fact]
    public void Form_of_answer_is_told_and_beside_functions_by_the_third_generation_alone()
    {
        var request = WithTool("f");
        request.Format = new OutputFormat(OutputFormatKind.JsonSchema) { Schema = Parse("{\"const\":1}") };

        Assert.Equal(
            "{'responseMimeType':'application/json','responseJsonSchema':{'enum':[1]}}",
            Write(request).At("generationConfig"));
        var old = Write(request, Second);
        Assert.Equal("{}", old.At("generationConfig"));
        Assert.Contains("Answer with JSON of this schema", old.At("systemInstruction"), StringComparison.Ordinal);
        Assert.Equal(["response_format"], old.Dropped.Names);
    }

    [Fact]
    public void Rest_is_told_or_reported()
    {
        var request = WithTool("f");
        request.Stop.AddRange(["1", "2", "3", "4", "5", "6", new string('7', 501)]);
        request.OutputTokensMax = 1_000_000;
        request.ParallelCalls = false;
        request.Verbosity = "low";
        request.ServiceTier = "scale";
        (request.Sampling.N, request.Sampling.LogitBias) = (3, Parse("{}"));
        request.Others["prediction"] = Parse("{}");
        request.Tools.Add(new ChatTool(ToolKind.Server, "web_search") { SourceDialect = Dialect.Anthropic });

        var sent = Write(request);

        Assert.Equal(["6"], request.StopsHere);
        Assert.Equal(
            "{'candidateCount':3,'maxOutputTokens':65536,'stopSequences':['1','2','3','4','5']}", sent.At("generationConfig"));
        Assert.Equal(
            [
                "tools.web_search", "max_completion_tokens", "stop", "service_tier", "parallel_tool_calls", "verbosity",
                "logit_bias", "prediction",
            ],
            sent.Dropped.Names);
    }

    [Fact]
    public void Thought_of_claude_comes_back_to_claude_through_a_gemini_client()
    {
        // Claude thinks and calls; the client sees Gemini's parts and repeats them.
        var golden = GoldenCase.Load("Anthropic/thinking-signature-tool");
        var answer = Encoded.Cross(
            Dialect.Anthropic, golden.Bytes, Dialect.Gemini, DialectCodecs.Of(Dialect.Gemini).NewBodyEncoder!());
        var parts = Compact(answer.Json().GetProperty("candidates")[0].GetProperty("content"));

        var next = Of(
            Dialect.Gemini,
            $"{{\"contents\":[{{\"parts\":[{{\"text\":\"q\"}}]}},{parts},{{\"role\":\"user\",\"parts\":[{{\"functionResponse\":"
            + "{\"id\":\"toolu_1\",\"name\":\"get\",\"response\":{\"output\":\"r\"}}}]}]}",
            Dialect.Anthropic, "claude-opus-4-8");

        Assert.Equal(
            "[{'type':'thinking','thinking':'mm','signature':'c2ln'},"
            + "{'type':'tool_use','id':'toolu_1','name':'get','input':{'a':1}}]",
            next.At("messages.1.content"));
        Assert.Equal(
            "[{'type':'tool_result','tool_use_id':'toolu_1','content':'r'}]", next.At("messages.2.content"));
    }
}
