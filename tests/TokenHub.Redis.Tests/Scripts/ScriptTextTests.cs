using System.Text.RegularExpressions;
using TokenHub.Redis.Scripts;
using TokenHub.TestKit;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>
/// Rules that keep the scripts right in a Cluster and on Garnet, read from their text: a key that does not come from
/// KEYS is found by neither a one-node Cluster nor Garnet, which would leave it unlocked.
/// </summary>
public sealed partial class ScriptTextTests
{
    public static TheoryData<LuaScript> All { get; } = new(LuaScripts.All);

    private static string Folder => Path.Combine(Repository.Root, "gateway", "TokenHub.Redis", "Scripts");

    [Fact]
    public void Every_script_file_is_loaded_and_named_for_its_keys()
    {
        var files = Files().Select(Path.GetFileNameWithoutExtension).Order();

        Assert.Equal(LuaScripts.All.Select(script => $"{script.Name}-{script.KeyCount}").Order(), files);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Number_in_the_name_is_the_highest_index_of_KEYS_and_none_is_left_out(LuaScript script)
    {
        var indexes = KeyIndex().Matches(Code(script)).Select(match => match.Groups[1].Value).Distinct().Order();

        Assert.Equal(Enumerable.Range(1, script.KeyCount).Select(index => $"{index}"), indexes);
    }

    // Commands that touch one key, their first argument. One that touches more would go unseen by the rule below.
    private static readonly string[] OneKeyCommands =
    [
        "GET", "SET", "DEL", "HGET", "HSET", "HDEL", "HMGET", "HGETALL", "HVALS", "HLEN", "HINCRBY", "HEXISTS", "ZADD", "ZREM", "ZSCORE",
        "ZCARD", "ZCOUNT", "ZRANGE", "ZRANGEBYSCORE", "ZREMRANGEBYSCORE", "PEXPIRE", "EXISTS",
    ];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_key_that_a_command_touches_comes_from_KEYS(LuaScript script)
    {
        var code = Code(script);
        Assert.All(Call().Matches(code), call => Assert.True(
            call.Groups[1].Value == "TIME" || OneKeyCommands.Contains(call.Groups[1].Value), call.Value));
        Assert.DoesNotMatch(@"redis\.(?!call\()|redis\[|\bload(string)?\(|call\('(DEL|EXISTS)', \w+,", code);
        Assert.DoesNotMatch(@"(?<!\blocal \w+ = )\bKEYS\[|\bKEYS\b(?!\[\d+\])", code);
        var declared = KeyLocal().Matches(code).Select(match => match.Groups[1].Value).ToHashSet();
        var calls = Call().Matches(code);

        Assert.Equal(script.KeyCount, declared.Count);
        Assert.Equal(CallWord().Count(code), calls.Count);
        Assert.All(calls, call => Assert.True(
            call.Groups[1].Value == "TIME" || declared.Contains(call.Groups[2].Value), call.Value));

        // A key is named once and never anything else.
        Assert.All(declared, key => Assert.Single(Regex.Matches(code, $@"\b{key}\s*=[^=]")));
        Assert.DoesNotContain("_G", code, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Script_says_what_it_takes_and_gives(LuaScript script)
    {
        var text = File.ReadAllText(
            Files().Single(file => Path.GetFileName(file) == $"{script.Name}-{script.KeyCount}.lua"));

        Assert.Matches(@"^-- [A-Z].+", text);
        Assert.Contains("\n-- KEYS: 1 ", text, StringComparison.Ordinal);
        Assert.Contains($" {script.KeyCount} ", KeysLine().Match(text).Value, StringComparison.Ordinal);
        Assert.Contains("\n-- ARGV: 1 ", text, StringComparison.Ordinal);
        Assert.Contains("\n-- Returns {", text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Script_uses_nothing_that_differs_between_servers_or_loses_digits(LuaScript script)
    {
        var code = Code(script);

        Assert.DoesNotContain("#!", script.Text, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"\btostring\(|\bunpack\(|\bcjson\b|HINCRBYFLOAT|%d'|\bXADD\b|\bKEYS'|\bSCAN\b", code);
        Assert.DoesNotMatch(@"[0-9]{17,}", code);
        Assert.DoesNotMatch(@"^\s*(?!local )function\b", code);
    }

    [Fact]
    public void Loaded_text_has_flags_only_where_the_server_knows_them()
    {
        Assert.Equal("#!lua flags=no-writes", FirstLine(LuaScripts.Reap, ScriptForm.Flagged));
        Assert.Equal("#!lua flags=allow-oom", FirstLine(LuaScripts.Settle, ScriptForm.Flagged));
        Assert.Equal("#!lua", FirstLine(LuaScripts.Reserve, ScriptForm.Flagged));
        Assert.StartsWith("-- Lists", FirstLine(LuaScripts.Reap, ScriptForm.Plain), StringComparison.Ordinal);
    }

    // Includes are parts of scripts.
    private static IEnumerable<string> Files() => Directory.GetFiles(Folder, "*.lua", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(Path.GetDirectoryName(file)) != "Includes");

    private static string FirstLine(LuaScript script, ScriptForm form) =>
        System.Text.Encoding.UTF8.GetString(script.Body(form)).Split('\n')[0];

    // Without comments.
    private static string Code(LuaScript script) => Comment().Replace(script.Text, "");

    [GeneratedRegex(@"--[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bKEYS\[(\d+)\]")]
    private static partial Regex KeyIndex();

    [GeneratedRegex(@"^local (\w+_key) = KEYS\[\d+\]$", RegexOptions.Multiline)]
    private static partial Regex KeyLocal();

    [GeneratedRegex(@"redis\.call\(")]
    private static partial Regex CallWord();

    [GeneratedRegex(@"redis\.call\('(\w+)'(?:, (\w+)[,)]|\))")]
    private static partial Regex Call();

    [GeneratedRegex(@"-- KEYS:(?:.|\n)*?(?=\n-- ARGV)")]
    private static partial Regex KeysLine();
}
