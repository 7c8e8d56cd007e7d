using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Affinity;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

public sealed class ConversationKeysTests
{
    private const string Claude =
        """{"model":"claude-sonnet-4-5","max_tokens":9,"metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s1\"}"},"system":"Be brief.","messages":[{"role":"user","content":"Fix it."}]}""";

    private const string Codex =
        """{"model":"gpt-5","prompt_cache_key":"s1","input":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Fix it."}]}""";

    private const string Gemini =
        """{"cachedContent":"cachedContents/c1","contents":[{"role":"user","parts":[{"text":"Fix it."}]}]}""";

    private const string Chat = """{"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":"Fix it."}]}""";

    /// <summary>The presets as the control plane seeds them, and ours.</summary>
    private static readonly AffinityRule[] Presets =
    [
        Rule(1, "GPT", "/v1/responses", "gpt-*", "/prompt_cache_key") with { IsPinned = true },
        Rule(2, "Claude", "/v1/messages", "claude-*", "/metadata/user_id") with { IsPinned = true },
        Rule(3, "Gemini", "/v1beta/models/*", "gemini-*", "/cachedContent") with { IsPinned = true },
        Rule(4, "opencode", null, null, "header:x-session-id header:x-session-affinity +prefix"),
        Rule(5, "Conversation", null, null, "prefix"),
    ];

    [Fact]
    [Trait("row", "A27")]
    public void Gpt_preset_reads_the_cache_key_of_responses()
    {
        Assert.Equal("GPT", NameOf(Asked.Of(Endpoint.Responses, Codex)));
        Assert.Equal("Conversation", NameOf(Asked.Of(Endpoint.Responses, Codex.Replace("gpt-5", "o3"))));
        Assert.Equal("Conversation", NameOf(Asked.Of(Endpoint.Responses, Codex.Replace("prompt_cache_key", "key"))));
        Assert.Equal("Conversation", NameOf(Asked.Of(Endpoint.ChatCompletions, Chat.Replace("\"m\"", "\"gpt-5\""))));
    }

    [Fact]
    [Trait("row", "A28")]
    public void Claude_preset_reads_the_user_of_messages()
    {
        Assert.Equal("Claude", NameOf(Asked.Of(Endpoint.Messages, Claude)));
        Assert.Equal("Conversation", NameOf(Asked.Of(Endpoint.Messages, Claude.Replace("claude-", "gpt-"))));
        Assert.Null(NameOf(Asked.Of(Endpoint.MessagesCountTokens, Claude)));
    }

    [Theory]
    [Trait("row", "A29")]
    [InlineData(Endpoint.GeminiGenerate)]
    [InlineData(Endpoint.GeminiStream)]
    public void Gemini_preset_reads_the_cached_content_of_both_routes(object endpoint)
    {
        Assert.Equal("Gemini", NameOf(Asked.Of((Endpoint)endpoint, Gemini, model: "gemini-3.8-flash")));
        Assert.Equal("Conversation", NameOf(Asked.Of((Endpoint)endpoint, Gemini, model: "gemma")));
    }

    [Fact]
    [Trait("row", "A30")]
    public void Model_is_no_part_of_the_key()
    {
        Assert.Equal(
            KeyOf(Asked.Of(Endpoint.Messages, Claude)),
            KeyOf(Asked.Of(Endpoint.Messages, Claude.Replace("claude-sonnet-4-5", "claude-haiku"))));
        Assert.Equal(
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat)),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat.Replace("\"m\"", "\"other\""))));
    }

    [Fact]
    [Trait("row", "B35")]
    public void Tenants_groups_and_rules_never_share_a_key()
    {
        var keys = new List<UInt128>
        {
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat)),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, account: 1002)),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, group: "a")),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, group: "b")),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: "x-session-id: a")),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, group: "a", headers: "x-session-id: a")),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat), Rule(6, "Other", null, null, "prefix")),
        };

        Assert.Equal(keys.Count, keys.Distinct().Count());
        Assert.Equal(keys[0], KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat)));
    }

    [Theory]
    [InlineData("x-session-id: s1", "x_session_id: s1", true)]
    [InlineData("x-session-affinity: s1", "x-session-id: s1", true)]
    [InlineData("x-session-id: s1", "x-session-id: s2", false)]
    public void Header_is_read_in_both_spellings(string one, string other, bool same)
    {
        var (first, second) = (
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: one)),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: other)));

        Assert.Equal(same, first == second);
        Assert.Equal("opencode", NameOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: one)));
    }

    [Fact]
    public void Sub_agent_with_its_parents_session_is_a_conversation_of_its_own()
    {
        var rule = Rule(7, "Claude Code", "/v1/messages", null, "header:x-claude-code-session-id /metadata/user_id +prefix");
        var parent = KeyOf(Asked.Of(Endpoint.Messages, Claude), rule);

        Assert.NotEqual(parent, KeyOf(Asked.Of(Endpoint.Messages, Claude.Replace("Be brief.", "You search.")), rule));
        Assert.NotEqual(parent, KeyOf(Asked.Of(Endpoint.Messages, Claude.Replace("Fix it.", "Find it.")), rule));
        Assert.Equal(parent, KeyOf(Asked.Of(Endpoint.Messages, Claude, headers: "x-claude-code-session-id: s1"), rule));
        Assert.Equal(parent, KeyOf(Asked.Of(Endpoint.Messages, Claude.Replace("\\\"d\\\"", "\\\"other\\\"")), rule));
        Assert.NotEqual(parent, KeyOf(Asked.Of(Endpoint.Messages, Claude.Replace("s1", "s2")), rule));
    }

    [Fact]
    public void Value_of_any_length_has_a_key()
    {
        var rule = Rule(8, "Any", null, null, "/user header:x-any");
        string Body(string user) => Chat.Replace("\"model\"", $"\"user\":\"{user}\",\"model\"");
        var (a, b) = (new string('u', 5_000), new string('u', 5_001));

        Assert.NotEqual(
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Body(a)), rule), KeyOf(Asked.Of(Endpoint.ChatCompletions, Body(b)), rule));
        Assert.NotEqual(
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: "x-any: " + a), rule),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Chat, headers: "x-any: " + b), rule));
        Assert.Equal(
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Body("\\u0061\\ud800")), rule),
            KeyOf(Asked.Of(Endpoint.ChatCompletions, Body("a\\ufffd")), rule));
        Assert.Null(NameOf(Asked.Of(Endpoint.ChatCompletions, Body("")), rule));
    }

    [Fact]
    public void Finding_a_key_allocates_nothing()
    {
        var set = SetOf([]);
        var exchange = Asked.Of(Endpoint.Messages, Claude.Replace("claude-", "gpt-"), headers: "x-session-id: a");
        var rule = ConversationKeys.Find(exchange, set, out _);

        Assert.Equal(0, Allocations.Least(() => ConversationKeys.Find(exchange, set, out _)));
        Assert.Equal("opencode", rule?.Name);
    }

    [Fact]
    public void Source_that_a_later_version_wrote_is_for_nothing()
    {
        Assert.Null(NameOf(Asked.Of(Endpoint.ChatCompletions, Chat), Rule(9, "New", null, null, "cookie:session")));
        Assert.Null(NameOf(Asked.Of(Endpoint.ChatCompletions, Chat), Rule(9, "New", "/v2/*", null, "prefix")));
    }

    private static AffinityRule Rule(long id, string name, string? path, string? model, string source) =>
        new() { Id = id, Name = name, Path = path, Model = model, Source = source };

    private static string? NameOf(Exchange exchange, params AffinityRule[] rules) =>
        ConversationKeys.Find(exchange, SetOf(rules), out _)?.Name;

    private static UInt128 KeyOf(Exchange exchange, params AffinityRule[] rules)
    {
        Assert.NotNull(ConversationKeys.Find(exchange, SetOf(rules), out var key));
        Assert.NotEqual(default, key);
        return key;
    }

    private static RuleSet SetOf(AffinityRule[] rules) =>
        new(Entries.Snapshot([Entries.Channel(1), Entries.Channel(2)]) with { AffinityRules = rules.Length > 0 ? rules : Presets });
}
