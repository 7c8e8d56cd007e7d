using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Conversations;
using TokenHub.Protocols.Json;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Conversations;

[Trait("row", "B04")]
public sealed class ConversationReaderTests
{
    private const string Billing = "x-anthropic-billing-header: cc_version=2.1.329; cc_entrypoint=cli; cch=";

    /// <summary>First turn, a later turn of the same conversation, another task, another system text.</summary>
    public static TheoryData<Dialect, string, string, string, string> Conversations => new()
    {
        {
            Dialect.Anthropic,
            $$$"""{"model":"m","system":[{"type":"text","text":"{{{Billing}}}1"},{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Fix it.","cache_control":{"type":"ephemeral"}}]}]}""",
            $$$"""{"model":"other","messages":[{"content":"Fix it.","role":"user"},{"role":"assistant","content":[{"type":"text","text":"Done."}]},{"role":"user","content":[{"type":"text","text":"Thanks","cache_control":{"type":"ephemeral"}}]},{"role":"system","content":[{"type":"text","text":"Use types."}]}],"system":[{"type":"text","text":"{{{Billing}}}2"},{"text":"Be brief.","type":"text"}]}""",
            """{"model":"m","system":"Be brief.","messages":[{"role":"user","content":"Break it."}]}""",
            """{"model":"m","system":"Be long.","messages":[{"role":"user","content":"Fix it."}]}"""
        },
        {
            Dialect.Chat,
            """{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Fix it."}]}""",
            """{"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"Be brief."}]},{"role":"user","content":"Fix i\u0074."},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"x"},{"role":"user","content":"More."}]}""",
            """{"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Fix it!"}]}""",
            """{"model":"m","messages":[{"role":"developer","content":"Be brief"},{"role":"user","content":"Fix it."}]}"""
        },
        {
            Dialect.Responses,
            """{"model":"m","instructions":"I","input":[{"type":"additional_tools","tools":[]},{"id":"1","type":"message","role":"developer","content":[{"type":"input_text","text":"Be brief."}]},{"id":"2","role":"user","content":[{"type":"input_text","text":"env"}]},{"role":"user","content":[{"type":"input_text","text":"Fix it."}]}]}""",
            """{"model":"m","instructions":"I","input":[{"type":"additional_tools","tools":[{"type":"custom"}]},{"id":"7","type":"message","role":"developer","content":[{"type":"input_text","text":"Be brief."}]},{"id":"8","role":"user","content":"env"},{"role":"user","content":[{"type":"input_text","text":"Fix it."}]},{"type":"reasoning","id":"r","summary":[],"encrypted_content":"zz"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"o"},{"role":"user","content":"More."}]}""",
            """{"model":"m","instructions":"I","input":[{"role":"developer","content":"Be brief."},{"role":"user","content":"env"},{"role":"user","content":"Other."}]}""",
            """{"model":"m","instructions":"J","input":[{"role":"developer","content":"Be brief."},{"role":"user","content":"env"},{"role":"user","content":"Fix it."}]}"""
        },
        {
            Dialect.Gemini,
            """{"systemInstruction":{"role":"user","parts":[{"text":"Be brief."}]},"contents":[{"parts":[{"text":"Fix it."}]}]}""",
            """{"contents":[{"role":"user","parts":[{"text":"Fix it."}]},{"role":"model","parts":[{"text":"Ok","thoughtSignature":"s"}]},{"role":"user","parts":[{"text":"More"}]}],"system_instruction":{"parts":[{"text":"Be brief."}]}}""",
            """{"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[{"role":"user","parts":[{"text":"Fix it."},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}""",
            """{"systemInstruction":{"parts":[{"text":"Be"},{"text":" brief."}]},"contents":[{"role":"user","parts":[{"text":"Fix it."}]}]}"""
        },
    };

    [Theory]
    [MemberData(nameof(Conversations))]
    public void Prefix_stays_through_a_conversation_and_differs_between_them(
        Dialect dialect, string first, string later, string otherTask, string otherSystem)
    {
        var prefix = Prefix(dialect, first);

        Assert.True(prefix.IsFound);
        Assert.NotEqual(UInt128.Zero, prefix.Head);
        Assert.Equal(prefix, Prefix(dialect, later));
        Assert.NotEqual(prefix.FirstTurn, Prefix(dialect, otherTask).FirstTurn);
        Assert.NotEqual(prefix.Head, Prefix(dialect, otherSystem).Head);
        Assert.Equal(prefix.FirstTurn, Prefix(dialect, otherSystem).FirstTurn);
    }

    [Fact]
    public void Input_of_one_string_is_the_first_turn()
    {
        var one = Prefix(Dialect.Responses, """{"model":"m","input":"Fix it."}""");

        Assert.True(one.IsFound);
        Assert.Equal(UInt128.Zero, one.Head);
        Assert.NotEqual(one, Prefix(Dialect.Responses, """{"model":"m","input":"Fix it"}"""));
    }

    [Theory]
    [InlineData("""{"model":"m"}""")]
    [InlineData("""{"model":"m","messages":[]}""")]
    [InlineData("""{"model":"m","messages":[{"role":"assistant","content":"Hi"}]}""")]
    [InlineData("""{"model":"m","messages":7}""")]
    [InlineData("""{"model":"m","messages":[{"role":"user"}""")]
    public void Nothing_stable_is_no_prefix(string body)
    {
        Assert.False(Prefix(Dialect.Chat, body).IsFound);
    }

    [Fact]
    public void Border_between_two_texts_counts()
    {
        Assert.NotEqual(
            Prefix(Dialect.Chat, """{"messages":[{"role":"user","content":[{"text":"ab"},{"text":"c"}]}]}"""),
            Prefix(Dialect.Chat, """{"messages":[{"role":"user","content":[{"text":"a"},{"text":"bc"}]}]}"""));
    }

    [Fact]
    public void Values_are_found_wherever_they_stand()
    {
        var tree = new PointerTree();
        var user = tree.Add(["metadata", "user_id"]);
        var key = tree.Add(["prompt_cache_key"]);
        var number = tree.Add(["extra", "a", "n"]);
        var body = """
            {"metadata":{"x":{"user_id":"no"},"user_id":"{\"session_id\":\"s\"}"},"messages":[{"role":"user",
            "content":"prompt_cache_key"}],"extra":{"a":{"n":17}},"prompt_cache_key":"\u006bey","user_id":"no"}
            """u8;
        Span<Range> values = stackalloc Range[tree.Count];

        var prefix = ConversationReader.Read(Dialect.Responses, body, tree, values);

        Assert.True(prefix.IsFound);
        Assert.Equal("{\"session_id\":\"s\"}", RequestFacts.ReadString(body, values[user]));
        Assert.Equal("key", RequestFacts.ReadString(body, values[key]));
        Assert.Equal("17", Encoding.UTF8.GetString(body[values[number]]));
    }

    [Fact]
    public void What_is_not_there_or_is_no_text_has_no_value()
    {
        var tree = new PointerTree();
        Assert.Equal([0, 1, 0], [tree.Add(["a"]), tree.Add(["a", "b"]), tree.Add(["a"])]);
        Span<Range> values = [1..2, 1..2];

        ConversationReader.Read(Dialect.Chat, """{"a":[{"c":"x"}]}"""u8, tree, values);

        Assert.Equal([default, default], values.ToArray());
    }

    [Fact]
    public void Long_conversation_allocates_nothing()
    {
        var turns = string.Join(',', Enumerable.Range(0, 200).Select(i =>
            $$"""{"role":"{{(i % 2 == 0 ? "user" : "assistant")}}","content":[{"type":"text","text":"{{new string('x', 500)}}"}]}"""));
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m","system":"{{new string('s', 40_000)}}","messages":[{{turns}}]}""");
        var tree = new PointerTree();
        tree.Add(["metadata", "user_id"]);
        var values = new Range[1];
        var first = ConversationReader.Read(Dialect.Anthropic, body, tree, values);

        var second = default(ConversationPrefix);
        Assert.Equal(0, Allocations.Least(() => second = ConversationReader.Read(Dialect.Anthropic, body, tree, values)));
        Assert.Equal(first, second);
    }

    private static ConversationPrefix Prefix(Dialect dialect, string body) =>
        ConversationReader.Read(dialect, Encoding.UTF8.GetBytes(body), new PointerTree(), []);
}
