using System.Text.Json;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests;

/// <summary>The readers against recorded provider traffic.</summary>
public sealed class WireTests
{
    public static TheoryData<string> Names => [.. WireCase.Names()];

    [Theory, MemberData(nameof(Names))]
    public void Recorded_answer_reads_as_expected(string name)
    {
        var wire = WireCase.Load(name);

        var reader = AnswerReader.Create(wire.Dialect, wire.IsStream).Read([wire.Bytes]);

        AssertUsage(wire.Expected, reader);
        AssertError(wire.Expected, reader);
        Assert.Equal(wire.Expected.GetProperty("terminal_seen").GetBoolean(), reader.IsTerminal);
        Assert.Equal(wire.Expected.GetProperty("finish").GetString() ?? "", FinishOf(wire, reader));
        Assert.Equal(HasContent(wire.Expected), reader.HasContent);
        AssertBytes(wire, reader);
    }

    [Theory, MemberData(nameof(Names))]
    public void Recorded_answer_reads_the_same_cut_at_every_byte(string name)
    {
        var wire = WireCase.Load(name);
        var reader = AnswerReader.Create(wire.Dialect, wire.IsStream);
        var whole = reader.Read([wire.Bytes]).Describe();

        // Of the long files the single bytes and a stride of cuts; every cut is the golden corpus' part.
        var stride = 1 + wire.Bytes.Length / 800;
        for (var cut = 1; cut < wire.Bytes.Length; cut += stride)
        {
            reader.Reset();
            reader.Append(wire.Bytes.AsSpan(0, cut));
            reader.Append(wire.Bytes.AsSpan(cut));
            reader.Complete();
            Assert.Equal(whole, reader.Describe());
        }

        Assert.Equal(whole, reader.Read(Chunker.Single(wire.Bytes)).Describe());
    }

    [Theory, MemberData(nameof(Names))]
    public void Recorded_answer_that_is_cut_short_is_never_better_than_the_whole(string name)
    {
        var wire = WireCase.Load(name);
        var reader = AnswerReader.Create(wire.Dialect, wire.IsStream);
        var whole = reader.Read([wire.Bytes]).OutputTextBytes;

        for (var cut = 0; cut < wire.Bytes.Length; cut += 1 + wire.Bytes.Length / 500)
        {
            reader.Read([wire.Bytes.AsMemory(0, cut)]);
            Assert.True(reader.OutputTextBytes <= whole);
        }
    }

    private static void AssertUsage(JsonElement expected, AnswerReader reader)
    {
        var usage = expected.GetProperty("usage");
        if (usage.ValueKind == JsonValueKind.Null)
        {
            Assert.Null(reader.Usage);
            return;
        }

        var actual = Assert.NotNull(reader.Usage);
        Assert.Equal(usage.GetProperty("input").GetInt64(), actual.Input);
        Assert.Equal(usage.GetProperty("cache_read").GetInt64(), actual.CacheRead);
        Assert.Equal(usage.GetProperty("cache_write").GetInt64(), actual.CacheWrite);
        Assert.Equal(usage.GetProperty("output").GetInt64(), actual.Output);
        Assert.Equal(usage.GetProperty("reasoning").GetInt64(), actual.Reasoning);
        Assert.Equal(usage.GetProperty("total").GetInt64(), actual.Total);
        if (usage.TryGetProperty("tool_use_prompt", out var toolUse))
        {
            Assert.Equal(toolUse.GetInt64(), actual.ToolUsePrompt);
        }

        if (usage.TryGetProperty("cache_write_5m", out var fiveMinutes))
        {
            Assert.Equal(fiveMinutes.GetInt64(), actual.CacheWrite5m);
            Assert.Equal(usage.GetProperty("cache_write_1h").GetInt64(), actual.CacheWrite1h);
        }
    }

    private static void AssertError(JsonElement expected, AnswerReader reader)
    {
        if (!expected.TryGetProperty("error", out var error))
        {
            Assert.False(reader.HasError);
            return;
        }

        Assert.True(reader.HasError);
        Assert.Equal(error.GetProperty("message").GetString(), reader.ErrorMessage);
        if (error.GetProperty("type").GetString() is { } type)
        {
            Assert.Equal(type, reader.ErrorType);
        }

        if (error.GetProperty("code") is { ValueKind: not JsonValueKind.Null } code)
        {
            Assert.Equal(code.ToString(), reader.ErrorCode);
        }
    }

    private static bool HasContent(JsonElement expected) => expected.GetProperty("text_chars").GetInt32() > 0
        || expected.GetProperty("reasoning_chars").GetInt32() > 0
        || expected.GetProperty("tools").GetArrayLength() > 0
        || (expected.GetProperty("finish").GetString() is { } finish && IsRefusal(finish));

    private static bool IsRefusal(string finish) => finish is "refusal" or "content_filter" or "SAFETY"
        || finish.StartsWith("blocked:", StringComparison.Ordinal);

    private static string FinishOf(WireCase wire, AnswerReader reader) =>
        wire.Expected.GetProperty("kind").GetString() == "error-body" ? "" : reader.Finish;

    // A relay that began anew has served both beginnings; the list counts the second only.
    private static void AssertBytes(WireCase wire, AnswerReader reader)
    {
        if (!wire.Name.Contains("spliced", StringComparison.Ordinal))
        {
            Assert.Equal(wire.Expected.GetProperty("text_bytes").GetInt64(), reader.TextBytes);
            Assert.True(reader.ReasoningBytes >= wire.Expected.GetProperty("reasoning_chars").GetInt64());
            Assert.Equal(wire.Expected.GetProperty("reasoning_chars").GetInt64() == 0, reader.ReasoningBytes == 0);
        }
    }
}
