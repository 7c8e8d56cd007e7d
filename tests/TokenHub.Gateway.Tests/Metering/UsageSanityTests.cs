using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Metering;
using TokenHub.Gateway.Tests.Rig;
using TokenHub.Protocols.Streams;
using Xunit;

namespace TokenHub.Gateway.Tests.Metering;

/// <summary>F25: what upstreams say of their own usage, and what is believed of it.</summary>
public sealed class UsageSanityTests
{
    // Forty words, each one token more or less: the own count of what the model wrote.
    private const int Words = 40;
    private const long Estimate = 23;
    private static readonly Tariff Tariff = GatewayRig.Tariff;

    public static TheoryData<string, string, string, string> Lies
    {
        get
        {
            var data = new TheoryData<string, string, string, string>();
            foreach (var dialect in (ReadOnlySpan<string>)["chat", "responses", "messages", "gemini"])
            {
                foreach (var never in (ReadOnlySpan<string>)[
                    "-1", "-9007199254740993", "1.5", "9223372036854775808", "1e400", "\"40\"", "true", "[40]", "{}"])
                {
                    data.Add(dialect, "11", never, "Impossible");
                }

                data.Add(dialect, "-11", "40", "Impossible input");
                data.Add(dialect, "9223372036854775807", "40", "Impossible input");
                data.Add(dialect, "11", "NaN", "none");
                data.Add(dialect, "11", "Infinity", "none");
                data.Add(dialect, "11", "null", "counted");
                data.Add(dialect, "11", "0", "counted");
                data.Add(dialect, "11", "9007199254740992", "BeyondLimit");
                data.Add(dialect, "11", "1048577", "BeyondLimit");
                data.Add(dialect, "16777217", "40", "BeyondLimit input");
                data.Add(dialect, "9007199254740992", "40", "BeyondLimit input");
                data.Add(dialect, "11", "40", "believed");
                data.Add(dialect, "11", "40.0", "believed");
                data.Add(dialect, "900000", "40", "believed");
                data.Add(dialect, "11", "12", "believed");
                data.Add(dialect, "11", "90", "believed");
                data.Add(dialect, "11", "500", "FarOff");
                data.Add(dialect, "11", "2", "FarOff");
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Lies))]
    public void Report_is_believed_as_far_as_it_can_be(string dialect, string input, string output, string verdict)
    {
        var (reading, counted) = Read(dialect, Stream(dialect, input, output));

        var expected = verdict switch
        {
            "believed" or "FarOff" => new TokenUsage { Input = Number(input), Output = Number(output) },
            "BeyondLimit input" => new TokenUsage { Input = Estimate, Output = 40 },

            // What Anthropic says at the start stands, whatever it says at the end.
            _ when dialect == "messages" => new TokenUsage { Input = 11, Output = counted },
            "BeyondLimit" or "counted" => new TokenUsage { Input = 11, Output = counted },
            _ => new TokenUsage { Input = Estimate, Output = counted },
        };
        Assert.Equal(expected, reading.Usage);
        Assert.Equal(verdict is not ("believed" or "FarOff"), reading.IsCounted);
        Assert.Equal(NotesOf(verdict), reading.Notes);
        Assert.True(TariffMath.Cost(Tariff, reading.Usage) > Usd.Zero);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public void Limits_of_the_price_list_bound_the_report(string dialect)
    {
        var price = GatewayRig.Price with { ContextTokens = 1000, OutputTokensMax = 60 };
        Assert.Equal(1000, Read(dialect, Stream(dialect, "1000", "60"), price).Reading.Usage.Input);

        var (tooLong, counted) = Read(dialect, Stream(dialect, "1000", "61"), price);
        Assert.Equal(new TokenUsage { Input = 1000, Output = counted }, tooLong.Usage);
        Assert.Equal((true, UsageNotes.BeyondLimit), (tooLong.IsCounted, tooLong.Notes));

        var (tooWide, _) = Read(dialect, Stream(dialect, "1001", "60"), price);
        Assert.Equal(new TokenUsage { Input = Estimate, Output = 60 }, tooWide.Usage);
        Assert.Equal((true, UsageNotes.BeyondLimit), (tooWide.IsCounted, tooWide.Notes));

        // Several answers at once are each as long.
        Assert.Equal(61, Read(dialect, Stream(dialect, "1000", "61"), price, answers: 2).Reading.Usage.Output);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public void Untrusted_channel_is_held_to_the_band(string dialect)
    {
        var (inside, counted) = Read(dialect, Stream(dialect, "11", "60"), trusts: false);
        Assert.Equal((60L, UsageNotes.None), (inside.Usage.Output, inside.Notes));

        var (above, _) = Read(dialect, Stream(dialect, "11", "5000"), trusts: false);
        Assert.Equal((counted * 2) + UsageSanity.BandSlackTokens, above.Usage.Output);
        Assert.Equal((false, UsageNotes.Clamped), (above.IsCounted, above.Notes));

        var (below, _) = Read(dialect, Stream(dialect, "11", "1"), trusts: false);
        Assert.Equal((counted / 2) - UsageSanity.BandSlackTokens, below.Usage.Output);
        Assert.Equal(UsageNotes.Clamped, below.Notes);
        Assert.Equal(11, below.Usage.Input);
    }

    [Fact]
    public void Untrusted_channel_cannot_charge_for_thoughts_that_nobody_saw()
    {
        var stream = Stream("chat", "11", "5000,\"completion_tokens_details\":{\"reasoning_tokens\":4960}");

        var (trusted, _) = Read("chat", stream);
        Assert.Equal((5000L, 4960L, UsageNotes.None), (trusted.Usage.Output, trusted.Usage.Reasoning, trusted.Notes));

        var (held, counted) = Read("chat", stream, trusts: false);
        Assert.Equal((counted * 2) + UsageSanity.BandSlackTokens, held.Usage.Output);
        Assert.True(held.Usage.Reasoning <= held.Usage.Output);
    }

    [Theory]
    [InlineData("chat", "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":30}}\n\n")]
    [InlineData("messages", "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":30}}\n\n")]
    [InlineData("gemini", "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":11,\"candidatesTokenCount\":30}}\r\n\r\n")]
    [InlineData("responses", "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"usage\":{\"input_tokens\":11,\"output_tokens\":30}}}\n\n")]
    public void Report_that_goes_down_does_not_take_back_the_larger_one(string dialect, string smaller)
    {
        var whole = Stream(dialect, "11", "45").Replace("data: [DONE]\n\n", "", StringComparison.Ordinal);

        var (reading, _) = Read(dialect, whole + smaller);

        Assert.Equal(new TokenUsage { Input = 11, Output = 45 }, reading.Usage);
        Assert.Equal(UsageNotes.Decreasing, reading.Notes);
    }

    [Fact]
    public void Impossible_report_after_a_running_one_leaves_the_own_count()
    {
        var words = Scripts.Words("chat", Words);
        var running = Wire.ChatUsage(11, 3).Replace("[DONE]", "", StringComparison.Ordinal);

        var (reading, counted) = Read("chat", running + words + Wire.ChatUsage(11, -5) + "data: [DONE]\n\n");

        Assert.Equal(new TokenUsage { Input = 11, Output = counted }, reading.Usage);
        Assert.Equal((true, UsageNotes.Impossible), (reading.IsCounted, reading.Notes));
    }

    [Theory]
    [InlineData("gpt-5", "gpt-5", true)]
    [InlineData("gpt-4o", "gpt-4o-2024-08-06", true)]
    [InlineData("gpt-4o-2024-08-06", "gpt-4o", true)]
    [InlineData("gpt-4", "gpt-4-0613", true)]
    [InlineData("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022", true)]
    [InlineData("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", true)]
    [InlineData("anthropic/claude-sonnet-4-5", "claude-sonnet-4-5@20250929", true)]
    [InlineData("gemini-2.0-flash", "models/gemini-2.0-flash-001", true)]
    [InlineData("deepseek/deepseek-r1:free", "deepseek-r1", true)]
    [InlineData("GPT-5", "gpt-5", true)]
    [InlineData("gpt-5", "", true)]
    [InlineData("gpt-5", "gpt-5-mini", false)]
    [InlineData("gpt-4o", "gpt-4o-mini-2024-07-18", false)]
    [InlineData("claude-opus-4-1", "claude-sonnet-4-5-20250929", false)]
    [InlineData("claude-sonnet-4-5", "claude-sonnet-4-20250514", false)]
    [InlineData("gemini-2.5-pro", "gemini-2.5-flash", false)]
    [InlineData("gpt-4-32k", "gpt-4", false)]
    public void Other_model_is_told_from_another_edition_of_the_same(string asked, string named, bool same)
    {
        Assert.Equal(same, ModelNames.AreSame(named.Bytes(), asked));
        var answer = Wire.ChatAnswer.Replace("\"model\":\"m\"", $"\"model\":\"{named}\"", StringComparison.Ordinal);
        Assert.Equal(same ? UsageNotes.None : UsageNotes.OtherModel, Read("chat", answer, model: asked).Reading.Notes);
    }

    [Fact]
    public void Passes_of_other_models_are_summed_and_noted()
    {
        const string Usage = """{"input_tokens":11,"output_tokens":7,"iterations":[{"type":"message","input_tokens":11,"output_tokens":7},{"type":"advisor_message","model":"claude-other","input_tokens":100,"output_tokens":20}]}""";
        var answer = Wire.MessagesAnswer.Replace("""{"input_tokens":11,"output_tokens":7}""", Usage, StringComparison.Ordinal);

        var (reading, _) = Read("messages", answer);

        Assert.Equal(new TokenUsage { Input = 111, Output = 27 }, reading.Usage);
        Assert.Equal(UsageNotes.MixedModels, reading.Notes & UsageNotes.MixedModels);
    }

    [Theory]
    [MemberData(nameof(Dialects.All), MemberType = typeof(Dialects))]
    public void Nothing_said_and_nothing_reported_is_nothing_used(string dialect)
    {
        Assert.Equal(default, Read(dialect, Scripts.Silent(dialect, usage: false)).Reading);
        Assert.Equal(default, Read(dialect, "").Reading);
    }

    [Fact]
    public void Steering_of_a_hold_ignores_what_cannot_be()
    {
        var candidate = CandidateOf(GatewayRig.Price with { OutputTokensMax = 4096 }, trusts: true, "m");
        Assert.Equal(4096, UsageSanity.Believable(4096, 10, candidate, 1));
        Assert.Equal(0, UsageSanity.Believable(4097, 10, candidate, 1));
        Assert.Equal(36, UsageSanity.Believable(4000, 10, CandidateOf(GatewayRig.Price, trusts: false, "m"), 1));
    }

    private static UsageNotes NotesOf(string verdict) => Enum.TryParse<UsageNotes>(verdict.Split(' ')[0], out var notes)
        && verdict != "none" ? notes : UsageNotes.None;

    private static long Number(string text) =>
        long.Parse(text.Replace(".0", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture);

    // The numbers go in as they are written.
    private static string Stream(string dialect, string input, string output)
    {
        var text = Scripts.Words(dialect, Words, ends: true);
        var end = Scripts.End(dialect, 424242);
        var lie = (dialect == "messages"
                ? end.Replace("\"usage\":{", "\"usage\":{\"input_tokens\":11,", StringComparison.Ordinal)
                : end)
            .Replace("424242", output, StringComparison.Ordinal)
            .Replace("424253", "0", StringComparison.Ordinal);
        foreach (var name in (ReadOnlySpan<string>)["prompt_tokens", "input_tokens", "promptTokenCount"])
        {
            lie = lie.Replace($"\"{name}\":11", $"\"{name}\":{input}", StringComparison.Ordinal);
        }

        return text[..^Scripts.End(dialect, Words).Length] + lie;
    }

    private static (MeterReading Reading, long Counted) Read(
        string dialect, string answer, PriceEntry? price = null, bool trusts = true, int answers = 1, string model = "m")
    {
        var reader = AnswerReader.Create(Scripts.DialectOf(dialect), isStream: true);
        reader.Append(answer.Bytes());
        reader.Complete();
        var candidate = CandidateOf(price ?? GatewayRig.Price, trusts, model);
        return (UsageSanity.Read(reader, candidate, Estimate, answers), reader.CountedOutputTokens);
    }

    private static Candidate CandidateOf(PriceEntry price, bool trusts, string model)
    {
        var channel = new UpstreamChannel(Entries.Channel(1) with { TrustsUsage = trusts }, Entries.Box);
        return new Candidate(channel, model, model, price.ToTariff(), TokenLimits.Of(price));
    }
}
