using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests.Bedrock;

public sealed class ConverseAnswerReaderTests
{
    public static TheoryData<string> Answers =>
        [.. BedrockWire.Names("bedrock-converse-stream"), .. BedrockWire.Names("bedrock-converse-json")];

    [Theory, MemberData(nameof(Answers))]
    public void Recorded_answer_is_metered_as_expected_cut_at_every_byte(string name)
    {
        var (bytes, expected) = BedrockWire.Load(name);
        if (name.EndsWith(".eventstream", StringComparison.Ordinal))
        {
            var (text, isSound) = BedrockWire.Unframe(Dialect.Converse, [bytes]);
            Assert.True(isSound);
            Assert.Equal(text, BedrockWire.Unframe(Dialect.Converse, Chunker.Single(bytes)).Text);
            bytes = Encoding.UTF8.GetBytes(text);
        }

        var reader = AnswerReader.Create(Dialect.Converse, isStream: true);
        var whole = reader.Read([bytes]).Describe();

        Assert.Equal(StreamFaults.None, reader.Faults);
        Assert.Equal(expected.GetProperty("text_bytes").GetInt64(), reader.TextBytes);
        Assert.Equal(expected.GetProperty("reasoning_chars").GetInt64(), reader.ReasoningBytes);
        Assert.Equal(expected.GetProperty("finish").GetString(), reader.Finish);
        Assert.True(reader.IsTerminal);
        Assert.True(reader.UsageIsFinal);
        var (usage, told) = (Assert.NotNull(reader.Usage), expected.GetProperty("usage"));
        Assert.Equal(told.GetProperty("input").GetInt64(), usage.Input);
        Assert.Equal(told.GetProperty("cache_read").GetInt64(), usage.CacheRead);
        Assert.Equal(told.GetProperty("output").GetInt64(), usage.Output);
        Assert.Equal(told.GetProperty("total").GetInt64(), usage.Total);
        Assert.Equal(expected.GetProperty("tools").GetArrayLength() > 0, reader.ToolBytes > 0);
        foreach (var cut in Chunker.EveryCut(bytes))
        {
            Assert.Equal(whole, reader.Read(cut).Describe());
        }
    }

    [Theory]
    [InlineData("""[{"ttl":"1h","inputTokens":30},{"inputTokens":12,"ttl":"5m"}]""", 12, 30, 8)]
    [InlineData("""[{"inputTokens":50,"ttl":"1h"}]""", 0, 50, 0)]
    [InlineData("[]", 0, 0, 50)]
    public void Writes_to_the_cache_are_told_apart_by_how_long_they_last(string details, int five, int hour, int other)
    {
        var body = $$$"""{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":1,"totalTokens":76,"cacheReadInputTokens":20,"cacheWriteInputTokens":50,"cacheDetails":{{{details}}}}}""";

        var usage = Assert.NotNull(AnswerReader.Create(Dialect.Converse, isStream: false).Read(body).Usage);

        Assert.Equal((75, 20, five, hour, other), (usage.Input, usage.CacheRead, usage.CacheWrite5m, usage.CacheWrite1h, usage.CacheWriteOther));
    }

    [Fact]
    public void Body_with_calls_and_thoughts_is_counted()
    {
        const string Body = """{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"s"}}},{"toolUse":{"toolUseId":"t","name":"f","input":{"a":[1,"b"]}}}]}},"stopReason":"tool_use","usage":{"inputTokens":5,"outputTokens":9,"totalTokens":14}}""";

        var reader = AnswerReader.Create(Dialect.Converse, isStream: false).Read(Body);

        Assert.Equal((2, "tool_use", true, true), (reader.ReasoningBytes, reader.Finish, reader.HasContent, reader.IsTerminal));
        Assert.True(reader.ToolBytes > 10);
    }

    [Fact]
    public void Guardrail_that_says_nothing_is_content_all_the_same()
    {
        const string Stream = "event: messageStart\ndata: {\"role\":\"assistant\"}\n\nevent: messageStop\ndata: {\"stopReason\":\"guardrail_intervened\"}\n\n";

        var reader = AnswerReader.Create(Dialect.Converse, isStream: true).Read(Stream);

        Assert.True(reader.HasContent);
        Assert.False(reader.IsTerminal);
    }
}
