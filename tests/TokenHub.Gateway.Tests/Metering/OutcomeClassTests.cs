using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Metering;

/// <summary>
/// Every outcome class in every dialect, streamed and not: who pays what, what the client sees, what the attempt's row
/// says. The rows here are those of the table in gateway/outcomes.md.
/// </summary>
[Trait("needs", "redis")]
public sealed class OutcomeClassTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly TokenUsage Reported = new() { Input = 11, Output = 7 };
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    public static TheoryData<string, bool> Ways
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                data.Add(dialect, false);
                data.Add(dialect, true);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Completed_is_charged_as_reported(string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => Whole(stream, Dialects.Answer(dialect, stream));

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(200, (int)response.StatusCode);
        AssertCharged(record, Outcome.Completed, Reported, isCounted: false);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Error_before_content_is_refunded(string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.Answer(500, """{"error":{"message":"no"}}""");

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(502, (int)response.StatusCode);
        AssertRefunded(record, Outcome.UpstreamErrorBeforeContent, default);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Error_before_content_of_an_upstream_that_had_begun_is_refunded_and_its_row_says_what_it_served(
        string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        var whole = Dialects.Answer(dialect);
        upstream.Default = _ => stream
            ? ScriptedUpstreamScript.StreamHead().Chunk(Scripts.Beginning(dialect) + ": .\n\n").Close()
            : ScriptedUpstreamScript.Head(200, "content-type: application/json", "content-length: 9999")
                .Send(whole[..(whole.IndexOf("Hi!", StringComparison.Ordinal) + 3)]).Close();

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(502, (int)response.StatusCode);

        // Of the streams only Anthropic's says anything about usage before it has content.
        var row = AssertRefunded(record, Outcome.UpstreamErrorBeforeContent);
        if (stream)
        {
            Assert.Equal(dialect == "messages" ? new TokenUsage { Input = 11, Output = 1 } : default, row.Usage);
        }
        else
        {
            Assert.InRange(row.Usage.Output, 1, 1);
            Assert.InRange(row.Usage.Input, 1, 40);
            Assert.True(row.IsCounted);
        }
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Error_after_content_is_charged_by_the_own_count(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(dialect)).Close();

        var (response, record) = await CallAsync(dialect, true, model);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.True(record.Usage.Output is 1 && record.Usage.Input is > 0 and < 40, $"{record.Usage}");
        AssertCharged(record, Outcome.UpstreamErrorAfterContent, record.Usage, isCounted: true);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Empty_answer_without_usage_is_refunded(string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => stream
            ? ScriptedUpstreamScript.Stream(": nothing\n\n")
            : ScriptedUpstreamScript.Answer(200, Scripts.Silent(dialect, usage: false));

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(502, (int)response.StatusCode);
        AssertRefunded(record, Outcome.Empty, default);
        Assert.Equal(AttemptFault.EmptyAnswer, record.Attempts[0].Fault);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Empty_answer_with_usage_moves_on_and_both_rows_say_what_was_used(string dialect)
    {
        var (model, silent) = await AddAsync(dialect, channel => channel with { Priority = 9 });
        var good = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]);
        silent.Default = _ => ScriptedUpstreamScript.Answer(200, Scripts.Silent(dialect));
        good.Default = _ => ScriptedUpstreamScript.Answer(200, Dialects.Answer(dialect));

        var (response, record) = await CallAsync(dialect, false, model);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal((Outcome.Completed, Reported), (record.Outcome, record.Usage));
        Assert.Equal([Outcome.Empty, Outcome.Completed], record.Attempts.Select(a => a.Outcome));
        Assert.Equal([Reported, Reported], record.Attempts.Select(a => a.Usage));
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, Reported), record.Cost);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Empty_answer_with_usage_of_the_last_channel_is_a_whole_answer_and_charged(string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => Whole(stream, stream ? Scripts.SilentStream(dialect) : Scripts.Silent(dialect));

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(200, (int)response.StatusCode);
        AssertCharged(record, Outcome.Completed, Reported, isCounted: false);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Client_that_leaves_before_a_byte_pays_nothing(string dialect, bool stream)
    {
        var (model, upstream) = await AddAsync(dialect);
        var begun = stream
            ? ScriptedUpstreamScript.StreamHead().Chunk(Scripts.Beginning(dialect) + ": .\n\n")
            : ScriptedUpstreamScript.Head(200, "content-type: application/json", "content-length: 9999").Send("{\"id\":");
        upstream.Default = _ => begun.Pause(TimeSpan.FromMilliseconds(350)).Hang();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, Dialects.Path(dialect, stream, model), BodyOf(dialect, stream, model));
        await UntilServedAsync(upstream, 1);
        var isReported = stream && dialect == "messages";
        if (isReported)
        {
            await UntilReadAsync(caller.Account, Reported.Input);
        }

        client.Leave(reset: true);

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        var row = AssertRefunded(record, Outcome.ClientCancelled);
        Assert.Equal(0, record.Status);
        Assert.Equal(isReported ? new TokenUsage { Input = 11, Output = 1 } : default, row.Usage);
        await _rig.AssertNothingHeldAsync(caller.Account);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Client_that_cuts_pays_what_was_served_until_then(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf(dialect)).Hang();
        var caller = await _rig.AddCallerAsync();

        using var client = await RawClient.PostAsync(
            caller, Dialects.Path(dialect, true, model), BodyOf(dialect, true, model));
        Assert.True(await client.ReadUntilAsync("Hel"));
        client.Leave(reset: false);

        var record = Assert.Single(await _rig.RecordsOfAsync(caller.Account, 1));
        Assert.Equal(1, record.Usage.Output);
        AssertCharged(record, Outcome.ClientCut, record.Usage, isCounted: true);
        Assert.Equal(AbortPolicy.Cancel, record.AbortPolicy);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Funds_that_end_are_charged_to_where_they_ended(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Default = _ => ScriptedUpstreamScript.Stream(Scripts.Words(dialect, 3000).Bytes(), 500);

        var (response, record) = await CallAsync(dialect, true, model, "0.08");

        Assert.Equal(200, (int)response.StatusCode);
        AssertCharged(record, Outcome.FundsExhausted, record.Usage, isCounted: true);
        Assert.InRange(record.Usage.Output, 500, 1500);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Failed_over_attempt_keeps_its_own_row_and_is_not_charged(string dialect, bool stream)
    {
        var (model, bad) = await AddAsync(dialect, channel => channel with { Priority = 9 });
        var good = await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]);
        var whole = Dialects.Answer(dialect);

        // A relay whose answer is cut short behind its usage, or in front of its content.
        bad.Default = _ => stream
            ? ScriptedUpstreamScript.StreamHead().Chunk(Scripts.Beginning(dialect) + ": .\n\n").Close()
            : ScriptedUpstreamScript.Answer(200, whole[..^1]);
        good.Default = _ => Whole(stream, Dialects.Answer(dialect, stream));

        var (response, record) = await CallAsync(dialect, stream, model);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal((Outcome.Completed, Reported), (record.Outcome, record.Usage));
        Assert.Equal(2, record.Attempts.Count);
        Assert.Equal(Outcome.UpstreamErrorBeforeContent, record.Attempts[0].Outcome);
        Assert.Equal(Reported, record.Attempts[1].Usage);
        Assert.All(record.Attempts, a => Assert.Equal(GatewayRig.Tariff.PriceVersion, a.PriceVersion));
        var truth = Scripts.ServedTokens(dialect, bad.Requests[0]);
        Assert.Equal(stream && dialect == "messages" ? 1 : truth, record.Attempts[0].Usage.Output);
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, Reported), record.Cost);
    }

    private static ScriptedUpstreamScript Whole(bool stream, string answer) =>
        stream ? ScriptedUpstreamScript.Stream(answer) : ScriptedUpstreamScript.Answer(200, answer);

    private static void AssertCharged(UsageRecord record, Outcome outcome, TokenUsage usage, bool isCounted)
    {
        Assert.Equal((outcome, usage, isCounted), (record.Outcome, record.Usage, record.IsCounted));
        Assert.Equal(TariffMath.Cost(GatewayRig.Tariff, usage), record.Cost);
        Assert.True(record.Cost > Usd.Zero);
        var row = Assert.Single(record.Attempts);
        Assert.Equal((outcome, usage, isCounted), (row.Outcome, row.Usage, row.IsCounted));
        Assert.Equal(GatewayRig.Tariff.PriceVersion, row.PriceVersion);
    }

    private static AttemptRecord AssertRefunded(UsageRecord record, Outcome outcome)
    {
        Assert.Equal((outcome, Usd.Zero, default), (record.Outcome, record.Cost, record.Usage));
        Assert.False(record.IsCounted);
        var row = Assert.Single(record.Attempts);
        Assert.Equal(outcome, row.Outcome);
        return row;
    }

    private static void AssertRefunded(UsageRecord record, Outcome outcome, TokenUsage served) =>
        Assert.Equal(served, AssertRefunded(record, outcome).Usage);

    private static string BodyOf(string dialect, bool stream, string model) => Dialects.Body(dialect, stream)
        .Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)
        .Replace("\"max_tokens\":100", "\"max_tokens\":64000", StringComparison.Ordinal);

    private static async Task UntilServedAsync(ScriptedUpstream upstream, int bytes) =>
        await TestKit.Servers.Probe.UntilAsync(
            () => upstream.Requests.Count > 0 && upstream.Requests[0].Served.Length >= bytes,
            TimeSpan.FromSeconds(30),
            "the upstream has begun");

    // What an upstream has sent is not read yet; what was read stands in place of the estimate.
    private async Task UntilReadAsync(long account, long input) =>
        await TestKit.Servers.Probe.UntilAsync(
            () => _rig.Host.Rooms.Table.OpenSlots().Any(slot => slot.TryRead(out var open)
                && open.Account == account && open.InputEstimate != input && slot.Counters.Input == input),
            TimeSpan.FromSeconds(30),
            "the gateway has read the usage");

    private async Task<(HttpResponseMessage Response, UsageRecord Record)> CallAsync(
        string dialect, bool stream, string model, string balance = "10")
    {
        var caller = await _rig.AddCallerAsync(balance);
        using var response = await caller.PostAsync(Dialects.Path(dialect, stream, model), BodyOf(dialect, stream, model));
        try
        {
            await response.Content.ReadAsByteArrayAsync();
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            // Ended uncleanly, as it must where the upstream broke off.
        }

        var record = await _rig.RecordOfAsync(response.RequestId());
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance - record.Cost, _rig.Plane.BalanceOf(caller.Account));
        return (response, record);
    }

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(
        string dialect, Func<ChannelEntry, ChannelEntry>? change = null)
    {
        var model = $"class-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model], change));
    }
}
