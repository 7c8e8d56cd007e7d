using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Tests.Rig;
using Xunit;

namespace TokenHub.Gateway.Tests.Affinity;

/// <summary>
/// Shown 3 of the choice of channels, in small: conversations as Claude Code has them, through a gateway with a real
/// Redis to four accounts that keep a prompt cache each, against the same conversations at one account.
/// </summary>
[Trait("needs", "redis")]
[Trait("row", "S06")]
public sealed class FourAccountsTests(ITestOutputHelper output)
{
    private const int Conversations = 40;
    private const int Turns = 20;
    private const int AtOnce = 8;

    // Agents hand their session id to those that they start.
    private const int AgentsOfASession = 4;

    private static readonly string Shared = Words(new Random(1), 3_000);

    [Fact]
    public async Task Four_accounts_hit_the_prompt_cache_nearly_as_one_and_none_goes_over_its_window()
    {
        var (one, total, _, _) = await RunAsync(accounts: 1, long.MaxValue, binds: true);
        var window = total * 5 / 4 / 4;
        var (four, _, shares, sent) = await RunAsync(accounts: 4, window, binds: true);
        var (loose, _, _, _) = await RunAsync(accounts: 4, long.MaxValue, binds: false);

        output.WriteLine(
            $"{Conversations} conversations of {Turns} turns: one account reads {one:P2} of its prompts from the cache, "
            + $"four {four:P2} ({four / one:P2} of it), without affinity {loose:P2}; "
            + $"share of each window used: {string.Join(", ", shares.Select(share => $"{share:P0}"))}; {sent} calls");
        Assert.True(four >= 0.95 * one, $"{four / one:P2}");
        Assert.All(shares, share => Assert.InRange(share, 0.01, 1));
        Assert.Equal(Conversations * Turns, sent);
        Assert.True(loose < 0.9 * one, "the test tells affinity from chance");
    }

    [Fact]
    [Trait("row", "A32")]
    [Trait("row", "S05")]
    public async Task Same_holds_with_windows_of_the_gateways_own_and_none_is_passed_by_one_token()
    {
        var (one, total, _, _) = await RunAsync(accounts: 1, long.MaxValue, binds: true);

        // A twentieth more than is needed: some of them come to their end.
        var window = total * 21 / 20 / 4;
        var (four, _, shares, sent) = await RunAsync(accounts: 4, window, binds: true, ownWindows: true);

        output.WriteLine(
            $"windows of {window} tokens counted by the gateway: four accounts read {four:P2} of their prompts from the "
            + $"cache ({four / one:P2} of one account's); share of each window used: "
            + $"{string.Join(", ", shares.Select(share => $"{share:P2}"))}; {sent} calls");
        Assert.True(four >= 0.95 * one, $"{four / one:P2}");
        Assert.All(shares, share => Assert.InRange(share, 0.01, 1));
        Assert.Equal(Conversations * Turns, sent);
        Assert.True(shares.Max() > 0.9, "no window was near its end");
    }

    /// <param name="ownWindows">The gateway counts the windows, and the upstreams would take more.</param>
    private static async Task<(double HitRate, long Prompt, double[] Shares, int Served)> RunAsync(
        int accounts, long window, bool binds, bool ownWindows = false)
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstreams = Enumerable.Range(0, accounts)
            .Select(_ => new CachingUpstream(ownWindows ? long.MaxValue : window)).ToList();
        WindowEntry[] windows = !ownWindows ? [] :
        [
            new WindowEntry { Kind = QuotaKind.Tokens, Limit = window, Unit = PeriodUnit.Month, Count = 1200 },
        ];
        var channels = upstreams.Select((up, i) =>
            Entries.Channel(i + 1, up.Url, Provider.Anthropic, ["claude-*"]) with { Windows = windows });
        await rig.PublishAsync(Entries.Snapshot([.. channels], GatewayRig.Price) with
        {
            AffinityRules = !binds ? [] :
            [
                new AffinityRule
                {
                    Id = 1, Name = "Claude Code", Path = "/v1/messages",
                    Source = "header:x-claude-code-session-id /metadata/user_id +prefix",
                },
            ],
        });
        var caller = await rig.AddCallerAsync("10000");
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Conversations), new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (number, _) => await TalkAsync(caller, number));
        var prompt = upstreams.Sum(up => up.PromptTokens);
        var result = (
            (double)upstreams.Sum(up => up.CacheReads) / prompt, prompt,
            upstreams.Select(up => (double)up.Tokens / window).ToArray(), upstreams.Sum(up => up.Served));
        foreach (var upstream in upstreams)
        {
            await upstream.DisposeAsync();
        }

        return result;
    }

    private static async Task TalkAsync(GatewayRig.Caller caller, int number)
    {
        var random = new Random(100 + number);
        var history = new StringBuilder();
        for (var turn = 0; turn < Turns; turn++)
        {
            var said = Words(random, random.Next(20, 400));
            var body = $$$"""
                {"model":"claude-{{{(turn % 10 == 9 ? "haiku" : "sonnet")}}}","max_tokens":100,
                "metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s{{{number / AgentsOfASession}}}\"}"},
                "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=1; cch={{{turn}}}"},
                {"type":"text","text":"{{{Shared}}}","cache_control":{"type":"ephemeral"}}],
                "messages":[{{{history}}}{"role":"user","content":[{"type":"text","text":"{{{said}}}","cache_control":{"type":"ephemeral"}}]}]}
                """;
            using var response = await caller.PostAsync("/v1/messages", body);
            var answer = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, answer);
            history.Append($$"""{"role":"user","content":"{{said}}"},{"role":"assistant","content":"It is done."},""");
        }
    }

    private static string Words(Random random, int count) =>
        string.Join(' ', Enumerable.Range(0, count).Select(_ => random.Next(0x10000).ToString("x4", null)));
}
