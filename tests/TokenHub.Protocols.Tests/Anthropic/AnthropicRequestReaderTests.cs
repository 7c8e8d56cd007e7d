using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Anthropic;

public sealed class AnthropicRequestReaderTests
{
    private static ChatRequest Read(string members) => Translation.Read(
        Dialect.Anthropic,
        "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + members + "}");

    private static List<ChatPart> ReadBlocks(string role, string blocks) => Translation.Read(
        Dialect.Anthropic,
        $"{{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{{\"role\":\"{role}\",\"content\":[{blocks}]}}]}}").Turns[0].Parts;

    [Fact]
    public void Members_have_their_places()
    {
        var request = Read(
            ",\"stream\":true,\"temperature\":0.5,\"top_p\":0.9,\"top_k\":4,\"stop_sequences\":[\"a\",\"b\"],"
            + "\"metadata\":{\"user_id\":\"u\",\"x\":1},\"service_tier\":\"standard_only\",\"container\":\"c\",\"speed\":null,"
            + "\"context_management\":{\"edits\":[]},\"output_config\":{\"effort\":\"xhigh\",\"task_budget\":{\"n\":1}}");

        Assert.Equal(("m", true, 9L), (request.Model, request.Stream, request.OutputTokensMax));
        Assert.Equal(
            (0.5, 0.9, 4L), (request.Sampling.Temperature, request.Sampling.TopP, request.Sampling.TopK));
        Assert.Equal(["a", "b"], request.Stop);
        Assert.Equal(("u", "default", Effort.XHigh), (request.EndUser, request.ServiceTier, request.Reasoning!.Effort));
        Assert.Equal(
            ["metadata.x", "container", "context_management", "output_config.task_budget"], request.Others.Keys);
    }

    [Theory]
    [InlineData("{\"type\":\"auto\"}", ToolChoiceMode.Auto, "", null)]
    [InlineData("{\"type\":\"any\",\"disable_parallel_tool_use\":true}", ToolChoiceMode.Required, "", false)]
    [InlineData("{\"type\":\"none\"}", ToolChoiceMode.None, "", null)]
    [InlineData("{\"type\":\"tool\",\"name\":\"f\",\"disable_parallel_tool_use\":false}", ToolChoiceMode.Required, "f", null)]
    public void Tool_choice_is_read(string choice, ToolChoiceMode mode, string name, bool? parallel)
    {
        var request = Read($",\"tool_choice\":{choice}");

        Assert.Equal((mode, parallel), (request.ToolChoice!.Mode, request.ParallelCalls));
        Assert.Equal(name, string.Join(',', request.ToolChoice.Names));
    }

    [Theory]
    [InlineData("{\"type\":\"enabled\",\"budget_tokens\":2000}", 2000L, false, true)]
    [InlineData("{\"type\":\"adaptive\",\"display\":\"omitted\"}", null, true, false)]
    [InlineData("{\"type\":\"adaptive\",\"display\":\"summarized\"}", null, true, true)]
    [InlineData("{\"type\":\"disabled\"}", 0L, false, null)]
    public void Thinking_is_read(string thinking, long? budget, bool isAdaptive, bool? shows)
    {
        var wish = Read($",\"thinking\":{thinking}").Reasoning!;

        Assert.Equal((budget, isAdaptive, shows), (wish.BudgetTokens, wish.IsAdaptive, wish.ShowsText));
    }

    [Fact]
    public void Tools_are_functions_or_the_providers_own()
    {
        var request = Read(
            ",\"tools\":[{\"name\":\"f\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"},\"strict\":true,"
            + "\"defer_loading\":true,\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}},"
            + "{\"type\":\"web_search_20250305\",\"name\":\"web_search\"},{\"type\":\"custom\",\"name\":\"g\"}]");

        Assert.Equal(
            [(ToolKind.Function, "f"), (ToolKind.Server, "web_search"), (ToolKind.Function, "g")],
            request.Tools.Select(tool => (tool.Kind, tool.Name)));
        Assert.Equal(("d", true, "1h"), (
            request.Tools[0].Description, request.Tools[0].Strict, request.Tools[0].Cache!.Ttl));
        Assert.True(request.ToolBook.IsPlain);
    }

    [Fact]
    public void Format_is_read_from_its_place_of_old_and_of_now()
    {
        const string Format = "{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\"}}";

        foreach (var member in new[] { $"\"output_config\":{{\"format\":{Format}}}", $"\"output_format\":{Format}" })
        {
            var format = Read($",{member}").Format!;
            Assert.Equal((OutputFormatKind.JsonSchema, true), (format.Kind, format.Strict));
        }
    }

    [Fact]
    public void System_stands_first_and_later_ones_in_their_place()
    {
        var request = Translation.Read(
            Dialect.Anthropic,
            "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\",\"content\":\"s\",\"output_config\":"
            + "{\"effort\":\"low\"},\"cache_control\":{\"type\":\"ephemeral\"}},{\"role\":\"user\",\"content\":\"b\"},"
            + "{\"role\":\"user\",\"content\":\"c\"}],\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: "
            + "cc_version=1\"},{\"type\":\"text\",\"text\":\"be kind\",\"cache_control\":{\"type\":\"ephemeral\"}}]}");

        Assert.Equal(
            [ChatRole.System, ChatRole.User, ChatRole.System, ChatRole.User], request.Turns.Select(turn => turn.Role));
        Assert.Equal("be kind", Assert.IsType<TextPart>(Assert.Single(request.Turns[0].Parts)).Text);
        Assert.NotNull(request.Turns[0].Parts[0].Cache);
        Assert.NotNull(request.Turns[2].Parts[0].Cache);
        Assert.Equal(2, request.Turns[3].Parts.Count);
        Assert.Equal(["messages.1.output_config"], request.Others.Keys);
    }

    [Fact]
    public void Results_come_before_the_words_beside_them()
    {
        var parts = ReadBlocks(
            "user",
            "{\"type\":\"text\",\"text\":\"now\"},{\"type\":\"tool_result\",\"tool_use_id\":\"t1\",\"content\":\"r\"},"
            + "{\"type\":\"tool_result\",\"tool_use_id\":\"t2\",\"is_error\":true,\"content\":[{\"type\":\"text\",\"text\":\"e\"},"
            + "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBO\"}}]},"
            + "{\"type\":\"tool_result\",\"tool_use_id\":\"t3\"}");

        var results = parts.Take(3).Cast<ResultPart>().ToList();
        Assert.Equal([("t1", false, 1), ("t2", true, 2), ("t3", false, 0)],
            results.Select(result => (result.CallId, result.IsError, result.Content.Count)));
        Assert.Equal("now", Assert.IsType<TextPart>(parts[3]).Text);
    }

    [Fact]
    public void Media_are_read_from_every_source()
    {
        var parts = ReadBlocks(
            "user",
            "{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iV\\/BO\"}},"
            + "{\"type\":\"image\",\"source\":{\"type\":\"url\",\"url\":\"https://a/b.png\"}},"
            + "{\"type\":\"document\",\"title\":\"T\",\"context\":\"C\",\"source\":{\"type\":\"file\",\"file_id\":\"f1\"}},"
            + "{\"type\":\"document\",\"source\":{\"type\":\"text\",\"media_type\":\"text/plain\",\"data\":\"words\"}},"
            + "{\"type\":\"document\",\"source\":{\"type\":\"content\",\"content\":[{\"type\":\"text\",\"text\":\"w\"}]}},"
            + "{\"type\":\"search_result\",\"source\":\"https://s\",\"title\":\"S\",\"content\":[{\"type\":\"text\",\"text\":\"z\"}]}")
            .Cast<MediaPart>().ToList();

        Assert.Equal("iV/BO", Encoding.ASCII.GetString(parts[0].Base64.Span));
        Assert.Equal((MediaKind.Image, "https://a/b.png"), (parts[1].Kind, parts[1].Url));
        Assert.Equal(("f1", "T", "C"), (parts[2].FileId, parts[2].Name, parts[2].Context));
        Assert.Equal(["words", "w", "z"], parts.Skip(3).Select(part => part.Text));
        Assert.Equal(("S", "https://s"), (parts[5].Name, parts[5].Context));
    }

    [Fact]
    public void Thoughts_come_with_what_signs_them_wherever_it_was_signed()
    {
        var foreign = new OpaqueItem(Dialect.Gemini, "gemini", OpaqueKind.Call, "+/=", "call_1");

        var parts = ReadBlocks(
            "assistant",
            "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"EqE+/=\"},"
            + $"{{\"type\":\"thinking\",\"thinking\":\"b\",\"signature\":\"{OpaqueCarrier.Write(foreign)}\"}},"
            + "{\"type\":\"thinking\",\"thinking\":\"c\",\"signature\":\"\"},{\"type\":\"redacted_thinking\",\"data\":\"R\"},"
            + "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{\"a\": 1.0},\"caller\":{\"type\":\"direct\"}},"
            + "{\"type\":\"server_tool_use\",\"id\":\"s\",\"name\":\"web_search\",\"input\":{}},{\"type\":\"novel\"}");

        Assert.Equal(
            [
                ("a", new OpaqueItem(Dialect.Anthropic, "", OpaqueKind.Reasoning, "EqE+/=")), ("b", foreign), ("c", null),
                ("", new OpaqueItem(Dialect.Anthropic, "", OpaqueKind.Redacted, "R")),
            ],
            parts.OfType<ReasoningPart>().Select(part => (part.Text, part.Opaque)));
        Assert.Equal("{\"a\": 1.0}", Assert.IsType<CallPart>(parts[4]).Arguments);
        Assert.Equal(["server_tool_use", "novel"], parts.OfType<ForeignPart>().Select(part => part.Kind));
    }

    [Theory]
    [InlineData("[]", null)]
    [InlineData("{", null)]
    [InlineData("{\"model\":\"m\"}", "messages")]
    [InlineData("{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "messages.0.role")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}", "messages.0.content")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]}", "messages.0.content.0")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\"}]}]}",
        "messages.0.content.0.tool_use_id")]
    [InlineData("{\"messages\":[],\"tool_choice\":{\"type\":\"x\"}}", "tool_choice")]
    [InlineData("{\"messages\":[],\"thinking\":{\"type\":\"x\"}}", "thinking.type")]
    public void Body_that_is_no_request_says_where(string body, string? param) =>
        Assert.Equal(param, Assert.Throws<UntranslatableException>(
            () => Translation.Read(Dialect.Anthropic, body)).Param);
}
