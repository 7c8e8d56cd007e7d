using TokenHub.Redis.Tests.Servers;

namespace TokenHub.Redis.Tests.Scripts;

/// <summary>
/// Whatever is not a whole number in range, an id or a request id is refused before anything is looked at.
/// </summary>
public sealed class ArgumentTests(Backends backends)
{
    private static readonly string[] NotWhole =
    [
        "-5", "nan", "inf", "-inf", "1e400", "0.5", "9007199254740992", "9007199254740993", "99999999999999999999",
        "abc", "", " 1", "1 ", "0x10", "1e3", "01", "00", "+1", "-0", "1\0", "\0", "1\n", "\xef\xbc\x91", "1,000",
    ];

    private static readonly string[] NotId = ["", "0", "-1", "01", "a", "1.5", "12345678901234567890", "1|2"];
    private static readonly string[] NotRid = ["", "x", new('0', 31), new('0', 33), new('A', 32), new('g', 32)];
    private static readonly string[] NotOwner =
        ["", "3", "3.", ".17", "3|17", "3.17.1", "a.b", new string('1', 23) + ".1"];

    private static readonly string[] NotFlag = ["", "2", "true", "01", "-1"];

    // Kinds of argument by position: e epoch, # whole, ~ balance, ? limit, r request id, i id, k id or 0, o owner, f
    // flag, . anything.
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["reserve"] = "er##oii?#???#??",
        ["extend"] = "er##ii?",
        ["settle"] = "er#.ii?",
        ["release"] = "erii",
        ["ack"] = "ei~#i##r",
        ["setbal"] = "e~#f#",
        ["rehold"] = "eiir##o",
        ["hydrate"] = "e~#f#k##",
        ["reap"] = "e#",
        ["outbox"] = "e##",
    };

    public static TheoryData<Backend, string> Scripts { get; } = new(
        from backend in Enum.GetValues<Backend>() from script in Kinds.Keys select (backend, script));

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Bad_argument_is_refused_and_changes_nothing(Backend backend, string script)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        await shard.RunAsync("reserve");
        await shard.RunAsync("reserve", (2, PrivateShard.Rid(3)));
        var before = await shard.StateAsync();

        var kinds = Kinds[script];
        for (var position = 1; position <= kinds.Length; position++)
        {
            foreach (var bad in BadValues(kinds[position - 1]))
            {
                var answer = await shard.RunAsync(script, (position, bad));

                Assert.True(answer == "-9 0 0", $"{script} argument {position} = '{bad}' was answered with {answer}");
            }
        }

        Assert.Equal(before, await shard.StateAsync());
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task Missing_argument_is_refused(Backend backend, string script)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        var good = PrivateShard.GoodArguments[script];

        for (var count = 0; count < good.Length; count++)
        {
            // Ack and rehold take a list at the end, which may be empty.
            if ((script == "ack" && count == 7) || (script == "rehold" && count == 3))
            {
                continue;
            }

            Assert.Equal("-9 0 0", await shard.RunRawAsync(script, good[..count]));
        }
    }

    [Theory]
    [OnEachBackend]
    public async Task Largest_exact_numbers_are_taken_and_kept_exactly(Backend backend)
    {
        const string Most = "9007199254740991";
        var shard = new PrivateShard(backends.Client(backend).Runner);
        await shard.BuildAsync(Most);

        Assert.Equal($"1 {Most} 0", await shard.RunAsync("hydrate", (1, Most), (2, Most), (3, "9007199254740989")));
        Assert.Equal("1 0 0", await shard.RunAsync("reserve", (1, Most), (3, Most), (8, "")));
        Assert.Equal("1 1 0", await shard.RunAsync("settle", (1, Most), (3, "9007199254740990")));
        Assert.Equal("9007199254740990", await shard.FieldAsync("a", "uns"));
        Assert.Equal("9007199254740990", await shard.FieldAsync("k", "uns"));
        Assert.Equal("1 1 0", await shard.RunAsync("ack", (1, Most), (3, "-9007199254740991"), (4, Most)));
        Assert.Equal("-9007199254740991", await shard.FieldAsync("a", "bal"));
        Assert.Equal(Most, await shard.FieldAsync("a", "ver"));
        Assert.Equal("-1 -9007199254740991 0", await shard.RunAsync("reserve", (1, Most), (2, PrivateShard.Rid(2))));
    }

    [Theory]
    [OnEachBackend]
    public async Task Settlement_that_would_leave_the_exact_range_is_refused_and_changes_nothing(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);
        await shard.RunAsync("settle", (2, PrivateShard.Rid(8)), (3, "9007199254740990"));
        await shard.RunAsync("rehold");
        var before = await shard.StateAsync();

        Assert.Equal("-9 0 0", await shard.RunAsync("settle", (2, PrivateShard.Rid(2)), (3, "2")));
        Assert.Equal(before, await shard.StateAsync());
        Assert.Equal("1 -9007199254739991 0", await shard.RunAsync("settle", (2, PrivateShard.Rid(2)), (3, "1")));
    }

    [Theory]
    [OnEachBackend]
    public async Task Record_above_the_limit_is_refused(Backend backend)
    {
        var shard = await PrivateShard.ReadyAsync(backends.Client(backend).Runner);

        Assert.Equal("-9 0 0", await shard.RunAsync("settle", (4, new string('x', 4097))));
        Assert.Equal("4 920 0", await shard.RunAsync("settle", (4, new string('x', 4096))));
    }

    private static string[] BadValues(char kind) => kind switch
    {
        'e' or '#' => NotWhole,
        '~' => [.. NotWhole.Where(value => value != "-5"), "--5", "-9007199254740992", "-", "-01"],
        '?' => [.. NotWhole.Where(value => value.Length > 0)],
        'r' => NotRid,
        'i' => NotId,
        'k' => [.. NotId.Where(value => value != "0")],
        'o' => NotOwner,
        'f' => NotFlag,
        _ => [],
    };
}
