using System.Text;
using System.Text.Json;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Redis;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Gateway.Tests.Reservation;

/// <summary>
/// Holds grow in steps with the stream; where the money ends, the stream ends in the dialect's own words.
/// </summary>
[Trait("needs", "redis")]
public sealed class HoldStepTests(SharedRig shared) : IClassFixture<SharedRig>
{
    private const int Words = 4000;
    private static int _models;
    private readonly GatewayRig _rig = shared.Rig;

    [Fact]
    public async Task Long_stream_is_held_for_in_steps_and_charged_once()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Enqueue(ScriptedUpstreamScript.Stream(LongStream("chat", Words, ends: true).Bytes(), 1000));
        var caller = await _rig.AddCallerAsync("10");

        using var response = await CallAsync(caller, "chat", model);
        var first = response.Header("x-tokenhub-cost")!;
        await response.Content.ReadAsStringAsync();

        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(new TokenUsage { Input = 11, Output = Words }, record.Usage);
        Assert.True(UsdText.TryParse(first, out var held));
        Assert.True(record.Hold.Units > held.Units * 3, $"held {record.Hold} in the end, {held} at first");
        Assert.True(record.Hold >= record.Cost);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(caller.Balance - record.Cost, _rig.Plane.BalanceOf(caller.Account));
    }

    [Fact]
    public async Task Steps_begin_at_512_tokens_double_and_are_asked_for_at_four_fifths()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.ChatStream));
        var caller = await _rig.AddCallerAsync("10");
        using var response = await CallAsync(caller, "chat", model);
        await response.Content.ReadAsStringAsync();
        var first = (await _rig.RecordOfAsync(response.RequestId())).Hold - TariffMath.Hold(GatewayRig.Tariff, 0, 512);
        Assert.InRange(
            first.Units, TariffMath.Hold(GatewayRig.Tariff, 1, 0).Units, TariffMath.Hold(GatewayRig.Tariff, 40, 0).Units);

        const long Input = 10;
        const long Most = 6_000;
        var (rooms, key) = (_rig.Host.Rooms, new KeyEntry(caller.Key));
        var rid = rooms.Ids.Next(0);
        var amount = TariffMath.Hold(GatewayRig.Tariff, Input, 512);
        var taken = await rooms.Till.ReserveAsync(
            new HoldRequest(
                rid, caller.Account, key.Id, amount, 60_000, 1, 1, null, 1_000_000, 1_000_000, null, null, 10),
            TestContext.Current.CancellationToken);
        Assert.Equal(TillCode.Ok, taken.Code);
        var hold = new Hold(rooms.Till, rooms.Options, rooms.Grace, rooms.Time);
        hold.Begin(rid, key, GatewayRig.Tariff, amount, taken.Available, Input, Most, isLent: false);
        var (covered, step) = (512L, 512L);
        while (covered < Most)
        {
            var ask = covered * 8 / 10;
            Assert.True(hold.Covers(ask, 0));
            Assert.False(hold.Covers(ask + 1, 0));
            Assert.True(await hold.GrowAsync(ask + 1, 0));
            step *= 2;
            covered = Math.Min(ask + 1 + step, Most);
            Assert.Equal(TariffMath.Hold(GatewayRig.Tariff, Input, covered), hold.Amount);
            Assert.Equal(hold.Amount, (await _rig.Plane.ReadTillAsync(caller.Account))!.Held);
        }

        // The caller's own limit is covered: nothing more is ever asked for.
        Assert.Equal(4_096, step);
        Assert.True(hold.Covers(Most, 100_000));
        await rooms.Till.ReleaseAsync(rid, caller.Account, key.Id, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("chat", 1000)]
    [InlineData("chat", 50)]
    [InlineData("chat", 100_000)]
    [InlineData("responses", 1000)]
    [InlineData("messages", 1000)]
    [InlineData("messages", 77)]
    [InlineData("gemini", 1000)]
    public async Task Stream_ends_where_the_money_ends_with_the_dialects_own_end(string dialect, int cut)
    {
        var (model, upstream) = await AddAsync(dialect);
        upstream.Enqueue(ScriptedUpstreamScript.Stream(LongStream(dialect, Words, ends: true).Bytes(), cut));

        // Enough for about a thousand tokens of the four thousand, and of no round number.
        var caller = await _rig.AddCallerAsync("0.10123457");

        using var response = await CallAsync(caller, dialect, model);
        var seen = await response.Content.ReadAsStringAsync();

        AssertEnd(dialect, seen);
        var record = await _rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.FundsExhausted, record.Outcome);
        var left = caller.Balance - record.Cost;
        var token = TariffMath.Cost(GatewayRig.Tariff, new TokenUsage { Output = 1 });
        Assert.InRange(left.Units, -8 * token.Units, 8 * token.Units);

        // The own count of English letters is 3.6 bytes a token; these words have four.
        Assert.Equal(CountWords(seen) / 0.9, record.Usage.Output, tolerance: 12.0);
        await _rig.AssertNothingHeldAsync(caller.Account);
        Assert.Equal(left, _rig.Plane.BalanceOf(caller.Account));
    }

    [Fact]
    public async Task Callers_own_limit_is_all_that_is_held_for()
    {
        var (model, upstream) = await AddAsync("chat");
        upstream.Enqueue(ScriptedUpstreamScript.Stream(Wire.ChatStream));
        var caller = await _rig.AddCallerAsync();

        using var response = await caller.PostAsync(
            "/v1/chat/completions",
            Wire.ChatStreamBody.Replace("\"m\"", $"\"{model}\",\"max_tokens\":10", StringComparison.Ordinal));
        await response.Content.ReadAsStringAsync();

        var record = await _rig.RecordOfAsync(response.RequestId());
        var most = TariffMath.Hold(GatewayRig.Tariff, 40, 10);
        Assert.InRange(record.Hold.Units, record.Cost.Units, most.Units);
    }

    [Fact]
    public async Task Redis_away_in_mid_stream_lets_the_stream_finish()
    {
        await using var rig = await GatewayRig.StartAsync();
        var upstream = await rig.AddUpstreamAsync(Provider.OpenAi, ["m"]);
        var gate = new TaskCompletionSource();
        var stream = LongStream("chat", 1500, ends: true);
        upstream.Enqueue(ScriptedUpstreamScript.StreamHead().Chunk(stream[..2000]).WaitFor(gate.Task).Chunk(stream[2000..]).EndChunks());
        var caller = await rig.AddCallerAsync("10");
        using var response = await caller.PostAsync("/v1/chat/completions", Wire.ChatStreamBody);

        await rig.Redis.KillAsync();
        gate.SetResult();
        var seen = await response.Content.ReadAsStringAsync();
        await rig.Redis.RestartAsync();

        Assert.EndsWith("data: [DONE]\n\n", seen, StringComparison.Ordinal);
        var record = await rig.RecordOfAsync(response.RequestId());
        Assert.Equal(Outcome.Completed, record.Outcome);
        Assert.Equal(1500, record.Usage.Output);
    }

    // Every word is one token by the byte-class count and by the upstream's own.
    private static string LongStream(string dialect, int words, bool ends)
    {
        var text = new StringBuilder();
        switch (dialect)
        {
            case "chat":
                text.Append(Wire.ChatChunk("""{"role":"assistant","content":""}"""));
                Repeat(text, words, i => Wire.ChatChunk($$"""{"content":"{{Word(i)}}"}"""));
                text.Append(ends ? Wire.ChatFinish + Wire.ChatUsage(11, words) + "data: [DONE]\n\n" : "");
                break;
            case "responses":
                text.Append(Wire.ResponsesStream[..Wire.ResponsesStream.IndexOf("event: response.output_text", StringComparison.Ordinal)]);
                Repeat(text, words, i => Wire.ResponsesDelta(i + 2, Word(i)));
                break;
            case "messages":
                text.Append(Wire.MessagesStream[..Wire.MessagesStream.IndexOf("event: content_block_delta", StringComparison.Ordinal)]);
                Repeat(text, words, i => Wire.MessagesDelta(Word(i)));
                break;
            default:
                Repeat(text, words, i => Wire.GeminiChunk(Word(i), ""));
                break;
        }

        return text.ToString();
    }

    private static string Word(int i) => i % 2 == 0 ? "word" : " and";

    private static void Repeat(StringBuilder text, int times, Func<int, string> make)
    {
        for (var i = 0; i < times; i++)
        {
            text.Append(make(i));
        }
    }

    private static int CountWords(string seen) =>
        seen.Split("\"word\"").Length - 1 + seen.Split("\" and\"").Length - 1;

    private static void AssertEnd(string dialect, string seen)
    {
        var events = seen.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith("\n\n", seen.Replace("\r", "", StringComparison.Ordinal), StringComparison.Ordinal);
        switch (dialect)
        {
            case "chat":
                Assert.Equal("data: [DONE]", events[^1]);
                Assert.Equal("length", Data(events[^2]).GetProperty("choices")[0].GetProperty("finish_reason").GetString());
                break;
            case "responses":
                Assert.StartsWith("event: response.incomplete\n", events[^1], StringComparison.Ordinal);
                var last = Data(events[^1]);
                Assert.Equal("incomplete", last.GetProperty("response").GetProperty("status").GetString());
                Assert.Equal(Data(events[^2]).GetProperty("sequence_number").GetInt32() + 1, last.GetProperty("sequence_number").GetInt32());
                break;
            case "messages":
                Assert.StartsWith("event: message_stop\n", events[^1], StringComparison.Ordinal);
                Assert.Equal("max_tokens", Data(events[^2]).GetProperty("delta").GetProperty("stop_reason").GetString());
                Assert.StartsWith("event: content_block_stop\n", events[^3], StringComparison.Ordinal);
                break;
            default:
                var end = Data(seen.Replace("\r", "", StringComparison.Ordinal).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1]);
                Assert.Equal("MAX_TOKENS", end.GetProperty("candidates")[0].GetProperty("finishReason").GetString());
                break;
        }
    }

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
        var model = $"steps-{Interlocked.Increment(ref _models)}";
        return (model, await _rig.AddUpstreamAsync(Dialects.Provider(dialect), [model]));
    }
}
