using System.Text;
using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

/// <summary>
/// Ten cents and a wish for 64,000 tokens: served and cut where the money ends, by the dialect's own stop and a reason,
/// overdrawn by one step at most (I5).
/// </summary>
[Trait("needs", "redis")]
public sealed class LastOfMoneyTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private static readonly Usd Step = TariffMath.Hold(GatewayRig.Tariff, 0, 256);
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    public static TheoryData<string, int> DialectsAndEvents
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                // Words to an event: few, more than a step, more than there is money for.
                foreach (var words in (ReadOnlySpan<int>)[3, 400, 3000])
                {
                    data.Add(dialect, words);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(DialectsAndEvents))]
    public async Task Overrun_is_one_step_at_most_however_large_the_events_are(string dialect, int words)
    {
        var (model, upstream) = await AddAsync(dialect);
        var stream = new StringBuilder(Scripts.Words(dialect, 1));
        var text = string.Concat(Enumerable.Repeat("word and ", (words + 1) / 2));
        for (var i = 0; i < 9000 / words; i++)
        {
            stream.Append(Scripts.Text(dialect, text, i + 1));
        }

        upstream.Default = _ => ScriptedUpstreamScript.Stream(stream.ToString().Bytes(), 3000);
        var caller = await _rig.AddCallerAsync("0.10");

        using var response = await CallAsync(caller, dialect, model);
        var seen = await response.Content.ReadAsStringAsync();

        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.FundsExhausted, record.Outcome);
        Assert.InRange(record.Cost.Units, 1, caller.Balance.Units + Step.Units);
        var row = Assert.Single(record.Attempts);
        Assert.True(row.Usage.Output >= record.Usage.Output, $"{row.Usage} served, {record.Usage} charged");
        Assert.Contains("The balance is used up", seen, StringComparison.Ordinal);

        // What was passed on is what is charged, to a few tokens of counting.
        seen = dialect == "responses" ? string.Concat(Scripts.Events(seen)[..^1]) : seen;
        Assert.Equal(SeenWords(seen) / 0.9, record.Usage.Output, tolerance: 40.0 + (SeenWords(seen) * 0.2));
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance - record.Cost, _rig.Plane.BalanceOf(caller.Account));
    }

    [Fact]
    public async Task Responses_end_carries_the_output_so_far()
    {
        var (model, upstream) = await AddAsync("responses");
        var call = Wire.Event("response.output_item.done", """{"type":"response.output_item.done","sequence_number":9,"output_index":0,"item":{"type":"message","id":"msg_1"}}""")
            + Wire.Event("response.output_item.added", """{"type":"response.output_item.added","sequence_number":10,"output_index":1,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"look_up","arguments":""}}""")
            + string.Concat(Enumerable.Range(11, 3000).Select(i => Wire.Event("response.function_call_arguments.delta",
                $$"""{"type":"response.function_call_arguments.delta","sequence_number":{{i}},"item_id":"fc_1","output_index":1,"delta":"\"wörd\" "}""")));
        upstream.Default = _ => ScriptedUpstreamScript.Stream((Scripts.FirstHalf("responses") + call).Bytes(), 700);
        var caller = await _rig.AddCallerAsync("0.08");

        using var response = await CallAsync(caller, "responses", model);
        var events = Scripts.Events(await response.Content.ReadAsStringAsync());

        var end = Data(events[^1]);
        var ended = end.GetProperty("response");
        Assert.Equal("incomplete", ended.GetProperty("status").GetString());
        Assert.Equal("insufficient_funds", end.GetProperty("tokenhub").GetProperty("reason").GetString());
        Assert.Equal(Data(events[^2]).GetProperty("sequence_number").GetInt32() + 1, end.GetProperty("sequence_number").GetInt32());
        var output = ended.GetProperty("output");
        Assert.Equal(2, output.GetArrayLength());
        Assert.Equal("message/msg_1/completed", Words(output[0], "type", "id", "status"));
        Assert.Equal("Hel", output[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("function_call/fc_1/call_1/look_up/incomplete", Words(output[1], "type", "id", "call_id", "name", "status"));
        var passed = string.Concat(events.Where(e => e.Contains("arguments.delta", StringComparison.Ordinal))
            .Select(e => Data(e).GetProperty("delta").GetString()));
        Assert.Equal(passed, output[1].GetProperty("arguments").GetString());
        Assert.True(passed.Length > 1000);
    }

    [Theory]
    [InlineData(61)]
    [InlineData(700)]
    [InlineData(100_000)]
    public async Task Gemini_array_ends_as_a_whole_array_with_a_reason(int cut)
    {
        var (model, upstream) = await AddAsync("gemini");
        var text = new StringBuilder("[");
        for (var i = 0; i < 900; i++)
        {
            text.Append(i == 0 ? "" : ",\r\n").Append(
                $$"""{"candidates":[{"content":{"parts":[{"text":"{{(i % 2 == 0 ? "word" : " \\\"and}")}}"}],"role":"model"},"index":0}]}""");
        }

        var script = Streamed(text.Append(']').ToString().Bytes(), cut);
        upstream.Default = _ => script;
        var caller = await _rig.AddCallerAsync("0.06");

        using var response = await caller.PostAsync($"/v1beta/models/{model}:streamGenerateContent", Wire.GeminiBody);
        var seen = await response.Content.ReadAsStringAsync();

        using var document = JsonDocument.Parse(seen);
        var elements = document.RootElement.EnumerateArray().ToList();
        var end = elements[^1].GetProperty("candidates")[0];
        Assert.Equal("MAX_TOKENS", end.GetProperty("finishReason").GetString());
        Assert.StartsWith("The balance is used up", end.GetProperty("finishMessage").GetString(), StringComparison.Ordinal);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.FundsExhausted, record.Outcome);
        Assert.Equal(
            record.Usage.Output,
            elements[^1].GetProperty("usageMetadata").GetProperty("candidatesTokenCount").GetInt64());
        Assert.InRange(elements.Count, 200, 700);
        Assert.InRange(record.Cost.Units, 1, caller.Balance.Units + Step.Units);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public async Task Answer_that_ends_by_itself_as_the_money_ends_keeps_its_own_end(string dialect)
    {
        var (model, upstream) = await AddAsync(dialect);
        var caller = await _rig.AddCallerAsync("0.03");

        // A little beyond the last token that is covered, all in one event, and then its own end.
        var text = string.Concat(Enumerable.Repeat("word", 250)) + "|";
        var whole = Scripts.Words(dialect, 1) + Scripts.Text(dialect, text) + Scripts.End(dialect, 280);
        upstream.Default = _ => ScriptedUpstreamScript.Stream(whole);

        using var response = await CallAsync(caller, dialect, model);
        var seen = await response.Content.ReadAsStringAsync();

        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.InRange(record.Cost.Units, 1, caller.Balance.Units + Step.Units);
        var isOwn = record.Outcome == Outcome.Completed;
        Assert.Equal(isOwn, !seen.Contains("The balance is used up", StringComparison.Ordinal));
        Assert.True(isOwn || record.Outcome == Outcome.FundsExhausted);
    }

    [Fact]
    public async Task While_redis_is_away_an_answer_goes_on_no_further_than_the_account_reached()
    {
        await using var rig = await GatewayRig.StartAsync(o => o with { UnheldTokensMax = 100_000 });
        await AssertBoundAsync(rig, "0.20", 1300, 2600);
    }

    [Fact]
    public async Task While_redis_is_away_an_answer_goes_on_for_so_many_tokens_and_no_further()
    {
        await using var rig = await GatewayRig.StartAsync(o => o with { UnheldTokensMax = 2000 });
        await AssertBoundAsync(rig, "1000", 2000, 3600);
    }

    private static async Task AssertBoundAsync(GatewayRig rig, string balance, long least, long most)
    {
        var upstream = await rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var rest = Scripts.Words("chat", 60_000).Bytes();
        upstream.Default = _ => rest.Chunk(8000).Aggregate(
            ScriptedUpstreamScript.StreamHead().Chunk(Scripts.FirstHalf("chat")).WaitFor(gate.Task), (s, piece) => s.Chunk(piece));
        var caller = await rig.AddCallerAsync(balance);
        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);
        await rig.Redis.KillAsync();
        gate.SetResult();

        var seen = await response.Content.ReadAsStringAsync();
        await rig.Redis.RestartAsync();

        Assert.EndsWith("data: [DONE]\n\n", seen, StringComparison.Ordinal);
        var record = await rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.FundsExhausted, record.Outcome);
        Assert.InRange(record.Usage.Output, least, most);
    }

    private static ScriptedUpstreamScript Streamed(byte[] body, int cut) => body.Chunk(cut).Aggregate(
        ScriptedUpstreamScript.Head(200, "content-type: application/json", "transfer-encoding: chunked"),
        (script, piece) => script.Chunk(piece)).EndChunks();

    private static string Words(JsonElement item, params string[] names) =>
        string.Join('/', names.Select(name => item.GetProperty(name).GetString()));

    private static int SeenWords(string seen) => seen.Split("word").Length - 1 + seen.Split("and").Length - 1;

    private static JsonElement Data(string block)
    {
        using var document = JsonDocument.Parse(block[(block.IndexOf("data: ", StringComparison.Ordinal) + 6)..]);
        return document.RootElement.Clone();
    }

    private static Task<HttpResponseMessage> CallAsync(GatewayRig.Caller caller, string dialect, string model) => caller.PostAsync(
        Dialects.Path(dialect, true, model),
        Dialects.Body(dialect, true).Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal)
            .Replace("\"max_tokens\":100", "\"max_tokens\":64000", StringComparison.Ordinal));

    private async Task<(string Model, ScriptedUpstream Upstream)> AddAsync(string dialect)
    {
        var model = $"last-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]));
    }
}
