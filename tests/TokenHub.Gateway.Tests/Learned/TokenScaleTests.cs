using TokenHub.Gateway.Learned;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Learned;

public sealed class TokenScaleTests
{
    [Theory]
    [InlineData(1000, 1300, 1300)]
    [InlineData(1000, 700, 700)]
    [InlineData(1000, 1000, 1000)]
    [InlineData(200, 380, 1900)]
    [InlineData(199, 380, 1000)]
    [InlineData(1000, 2100, 1000)]
    [InlineData(1000, 400, 1000)]
    [InlineData(0, 40, 1000)]
    public void Scale_is_what_providers_tell_where_that_can_be_a_matter_of_vocabulary(long counted, long told, int perMille)
    {
        var scale = new TokenScale();

        for (var i = 0; i < 40; i++)
        {
            Assert.True(i >= TokenScale.AnswersLeast || scale.PerMille == TokenScale.Once);
            scale.Note(counted, told);
        }

        Assert.InRange(scale.PerMille, perMille - 1, perMille + 1);
    }

    [Fact]
    public void Change_of_a_vocabulary_is_learned_and_single_answers_move_little()
    {
        var scale = new TokenScale();
        for (var i = 0; i < 100; i++)
        {
            scale.Note(1000, 1200);
        }

        scale.Note(1000, 1900);
        Assert.InRange(scale.PerMille, 1200, 1250);
        for (var i = 0; i < 100; i++)
        {
            scale.Note(1000, 800);
        }

        Assert.InRange(scale.PerMille, 795, 805);
    }

    [Fact]
    public void Models_do_not_share_a_scale_and_there_are_only_so_many()
    {
        var scales = new TokenScales();

        Assert.Same(scales.Of("a"), scales.Of("a"));
        Assert.NotSame(scales.Of("a"), scales.Of("b"));
        for (var i = 0; i < 5000; i++)
        {
            scales.Of($"m{i}");
        }

        Assert.Equal(TokenScale.Once, scales.Of("one too many").PerMille);
    }

    [Fact]
    public async Task Cut_answer_is_billed_by_the_count_that_whole_answers_taught()
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await rig.AddUpstreamAsync(Core.Snapshots.Provider.Anthropic, ["claude-learn"]);
        var caller = await rig.AddCallerAsync("100");
        upstream.Default = _ => Cut();
        var before = await BilledAsync(rig, caller, 1);
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Begin + Text + End(before * 3 / 2));
        for (var i = 1; i <= 12; i++)
        {
            Assert.Equal(before * 3 / 2, await BilledAsync(rig, caller, i + 1));
        }

        upstream.Default = _ => Cut();

        Assert.InRange(await BilledAsync(rig, caller, 14) / (double)before, 1.45, 1.55);
    }

    private const string Body =
        """{"model":"claude-learn","max_tokens":2000,"stream":true,"messages":[{"role":"user","content":"Hi"}]}""";

    private static string Begin => Event(
        "message_start",
        """
        {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-learn",
        "content":[],"stop_reason":null,"usage":{"input_tokens":11,"output_tokens":1}}}
        """) + Event(
        "content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""");

    private static string Text => string.Concat(Enumerable.Range(0, 40).Select(i => Event(
        "content_block_delta",
        $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"and here are some more words {{{i}}}, "}}""")));

    private static ScriptedUpstreamScript Cut() =>
        ScriptedUpstreamScript.StreamHead().Chunk(Begin + Text).Pause(TimeSpan.FromMilliseconds(50)).Reset();

    private static string End(long tokens) =>
        Event("content_block_stop", """{"type":"content_block_stop","index":0}""")
        + Event("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":{{{tokens}}}}}""")
        + Event("message_stop", """{"type":"message_stop"}""");

    private static string Event(string name, string data) =>
        $"event: {name}\ndata: {data.ReplaceLineEndings(string.Empty)}\n\n";

    // The output that the last of so many calls was billed for.
    private static async Task<long> BilledAsync(GatewayRig rig, GatewayRig.Caller caller, int calls)
    {
        try
        {
            using var response = await caller.PostAsync("/v1/messages", Body);
            await response.Content.ReadAsStringAsync();
        }
        catch (Exception cut) when (cut is HttpRequestException or IOException)
        {
            // An answer that is cut may end so.
        }

        var records = await rig.RecordsOfAsync(caller.Account, calls);
        return records.MaxBy(record => record.RequestId.ToString())!.Usage.Output;
    }
}
