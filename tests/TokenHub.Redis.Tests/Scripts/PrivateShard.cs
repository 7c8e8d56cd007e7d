using System.Globalization;
using TokenHub.Redis.Scripts;
using TokenHub.Redis.Tests.Model;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>
/// A shard under a tag of its own with one account and one key: what is done here is seen by nobody else, and all of
/// it can be looked at. Arguments are raw text, so that also what the till would never send can be sent.
/// </summary>
internal sealed class PrivateShard(IScriptRunner runner)
{
    public const string Account = "71";
    public const string Key = "9";

    private static readonly Dictionary<string, string[]> KeysOf = new(StringComparer.Ordinal)
    {
        ["reserve"] = ["ep", "a", "r", "x", "o", "k", "l", "u"],
        ["extend"] = ["ep", "a", "r", "x", "o", "k"],
        ["settle"] = ["ep", "a", "r", "x", "o", "oz", "k", "l", "u"],
        ["release"] = ["ep", "a", "r", "x", "k"],
        ["ack"] = ["ep", "a", "r", "x", "o", "oz", "k"],
        ["setbal"] = ["ep", "a"],
        ["rehold"] = ["ep", "a", "r", "x", "o", "k"],
        ["hydrate"] = ["ep", "a", "k"],
        ["reap"] = ["ep", "x"],
        ["outbox"] = ["ep", "o", "oz"],
    };

    private readonly string _tag = $"{{t{Guid.NewGuid():n}}}:";

    /// <summary>Arguments that are right in every respect, for a shard of epoch 1.</summary>
    public static Dictionary<string, string[]> GoodArguments { get; } = new(StringComparer.Ordinal)
    {
        ["reserve"] =
        [
            "1", Rid(1), "100", "60000", "3.17", Account, Key, "5000", "50", "20", "100", "100000", "10", "", "",
        ],
        ["extend"] = ["1", Rid(1), "50", "60000", Account, Key, "5000"],
        ["settle"] = ["1", Rid(1), "80", "record", Account, Key, "10"],
        ["release"] = ["1", Rid(1), Account, Key],
        ["ack"] = ["1", Account, "920", "6", Key, "80", "3", Rid(1)],
        ["setbal"] = ["1", "2000", "6", "1", "50"],
        ["rehold"] = ["1", Account, Key, Rid(2), "100", "60000", "3.17"],
        ["hydrate"] = ["1", "1000", "5", "1", "50", Key, "0", "1"],
        ["reap"] = ["1", "10"],
        ["outbox"] = ["1", "0", "10"],
    };

    public static string Rid(int number) => number.ToString("x32", CultureInfo.InvariantCulture);

    public static LuaScript Script(string name) => LuaScripts.All.Single(script => script.Name == name);

    /// <summary>Arguments of <see cref="GoodArguments"/> with some of them (counted from 1) replaced.</summary>
    public static string[] With(string script, params (int Position, string Value)[] changes)
    {
        var arguments = (string[])GoodArguments[script].Clone();
        foreach (var (position, value) in changes)
        {
            arguments[position - 1] = value;
        }

        return arguments;
    }

    /// <summary>A shard with 1000 units in the account and nothing spent.</summary>
    public static async Task<PrivateShard> ReadyAsync(IScriptRunner runner)
    {
        var shard = new PrivateShard(runner);
        await shard.BuildAsync("1");
        Assert.Equal("1 1000 0", await shard.RunAsync("hydrate"));
        return shard;
    }

    public Task BuildAsync(string epoch) => ServerState.ListAsync(runner, "SET", _tag + "ep", epoch);

    public Task LoseAsync(string kind) => ServerState.ListAsync(runner, "DEL", _tag + kind);

    /// <summary>The answer without what it says of rates.</summary>
    public async Task<string> RunAsync(string script, params (int Position, string Value)[] changes)
    {
        var answer = await RunRawAsync(script, With(script, changes));
        return script == "reserve" ? string.Join(' ', answer.Split(' ').Take(3)) : answer;
    }

    public async Task<string> RunRawAsync(string script, string[] arguments)
    {
        var call = runner.Begin(Script(script));
        foreach (var kind in KeysOf[script])
        {
            call.Add(_tag + kind);
        }

        foreach (var argument in arguments)
        {
            call.Add(System.Text.Encoding.Latin1.GetBytes(argument));
        }

        using var reply = await runner.RunAsync(call, CancellationToken.None);
        return ServerState.Text(reply);
    }

    /// <summary>A field of the account (<c>a</c>), the key (<c>k</c>) or another hash; "nil" when absent.</summary>
    public async Task<string> FieldAsync(string kind, string field)
    {
        var call = runner.Begin("HGET"u8).Add(_tag + kind).Add(field);
        using var reply = await runner.RunAsync(call, CancellationToken.None);
        return reply.Read().IsNull ? "nil" : ServerState.Text(reply);
    }

    public async Task<string> TextAsync(string kind) =>
        (await ServerState.ListAsync(runner, "GET", _tag + kind)).Single();

    public async Task<List<string>> StateAsync()
    {
        var lines = new List<string>();
        foreach (var kind in new[] { "a", "r", "o", "k" })
        {
            lines.AddRange(await ServerState.ListAsync(runner, "HGETALL", _tag + kind));
        }

        foreach (var kind in new[] { "x", "oz" })
        {
            lines.AddRange(
                await ServerState.ListAsync(runner, "ZRANGEBYSCORE", _tag + kind, "-inf", "+inf", "WITHSCORES"));
        }

        lines.AddRange(await ServerState.ListAsync(runner, "MGET", _tag + "l", _tag + "u", _tag + "ep"));
        return lines;
    }
}
