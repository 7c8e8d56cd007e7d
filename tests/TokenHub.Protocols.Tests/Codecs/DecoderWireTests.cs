using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>OpenAI's decoders against recorded traffic and our own corpus.</summary>
public sealed class DecoderWireTests
{
    private static bool IsOurs(Dialect dialect) => dialect is Dialect.Chat or Dialect.Responses;

    public static TheoryData<string> WireNames =>
        [.. WireCase.Names().Where(name => name.Length == 0 || IsOurs(WireCase.Load(name).Dialect))];

    public static TheoryData<string> GoldenNames =>
        [.. GoldenCase.Names().Where(name => IsOurs(GoldenCase.Load(name).Dialect))];

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_gives_its_text_calls_and_end(string name)
    {
        var wire = WireCase.Load(name);

        var found = Codec.Find(wire.Dialect, wire.Bytes);

        var text = found.Text + found.Refusal;
        Assert.Equal(wire.Expected.GetProperty("text_bytes").GetInt32(), Encoding.UTF8.GetByteCount(text));
        Assert.Equal(wire.Expected.GetProperty("text_chars").GetInt32(), text.EnumerateRunes().Count());
        Assert.Equal(
            wire.Expected.GetProperty("reasoning_chars").GetInt32(),
            found.Reasoning.Replace("\n\n**", "**", StringComparison.Ordinal).EnumerateRunes().Count());
        Assert.Equal(wire.Expected.GetProperty("tools").EnumerateArray().Select(Call), found.Calls.Select(Plain));
        Assert.Equal(StopOf(wire), found.Stop);
        if (wire.Expected.TryGetProperty("signatures", out var signatures))
        {
            Assert.Equal(signatures.GetInt32(), found.Opaque.Count);
        }
    }

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_gives_the_same_cut_at_every_byte(string name)
    {
        var wire = WireCase.Load(name);
        var decoder = DialectCodecs.Of(wire.Dialect).NewDecoder();
        var whole = decoder.Decode([wire.Bytes], new FoundAnswer()).Describe();

        var stride = 1 + wire.Bytes.Length / 400;
        for (var cut = 1; cut < wire.Bytes.Length; cut += stride)
        {
            var memory = wire.Bytes.AsMemory();
            Assert.Equal(whole, decoder.Decode([memory[..cut], memory[cut..]], new FoundAnswer()).Describe());
        }

        Assert.Equal(whole, decoder.Decode(Chunker.Single(wire.Bytes), new FoundAnswer()).Describe());
    }

    [Theory, MemberData(nameof(GoldenNames))]
    public void Answer_of_our_own_gives_what_the_meter_finds(string name)
    {
        var golden = GoldenCase.Load(name);
        var decoder = DialectCodecs.Of(golden.Dialect).NewDecoder();

        var found = decoder.Decode([golden.Bytes], new FoundAnswer());

        // The meter counts what came of an event that was cut; it is not told to anybody.
        var cut = name.Contains("cut", StringComparison.Ordinal) ? 2 : 0;
        var textBytes = Encoding.UTF8.GetByteCount(found.Text + found.Refusal) + found.OtherBytes;
        Assert.Equal(golden.Expected.GetProperty("text_bytes").GetInt64(), textBytes + cut);
        Assert.Equal(
            golden.Expected.GetProperty("reasoning_bytes").GetInt64(), Encoding.UTF8.GetByteCount(found.Reasoning));
        Assert.Equal(golden.Expected.GetProperty("tool_bytes").GetInt64() > 0, found.Calls.Length > 0);
        if (golden.Expected.GetProperty("error").ValueKind != JsonValueKind.Null)
        {
            Assert.Equal(StopReason.None, found.Stop);
        }

        foreach (var pieces in Chunker.EveryCut(golden.Bytes))
        {
            Assert.Equal(found.Describe(), decoder.Decode(pieces, new FoundAnswer()).Describe());
        }
    }

    [Theory, MemberData(nameof(WireNames))]
    public void Recorded_answer_reads_the_same_after_it_went_through_either_writer(string name)
    {
        var wire = WireCase.Load(name);
        var found = Codec.Find(wire.Dialect, wire.Bytes);
        Dialect[] dialects = found.Stop == StopReason.None ? [] : [Dialect.Chat, Dialect.Responses];

        foreach (var dialect in dialects)
        {
            var codecs = DialectCodecs.Of(dialect);
            foreach (var encoder in new[] { codecs.NewStreamEncoder!(), codecs.NewBodyEncoder!() })
            {
                var written = Codec.Translate(wire.Dialect, wire.Bytes, encoder);
                Assert.Equal(found.Describe(), Codec.Find(dialect, written).Describe());
            }
        }
    }

    private static StopReason StopOf(WireCase wire)
    {
        if (wire.Expected.TryGetProperty("error", out _))
        {
            return StopReason.None;
        }

        var hasCalls = wire.Expected.GetProperty("tools").GetArrayLength() > 0;
        return wire.Expected.GetProperty("finish").GetString() switch
        {
            "stop" or "completed" => hasCalls ? StopReason.Calls : StopReason.End,
            "tool_calls" => StopReason.Calls,
            "length" => StopReason.Length,
            null => StopReason.None,
            var other => throw new InvalidOperationException(other),
        };
    }

    private static string Call(JsonElement call) => string.Create(
        CultureInfo.InvariantCulture,
        $"{call.GetProperty("id").GetString()} {call.GetProperty("name").GetString()} {call.GetProperty("args").GetString()}");

    // What a free-form tool is given stands in every event as the member of an object.
    private static string Plain(string call)
    {
        var words = call.Split(' ', 3);
        return words[2].StartsWith("{\"input\":\"SELECT", StringComparison.Ordinal)
            ? $"{words[0]} {words[1]} {FreeForm.ToInput(words[2])}" : call;
    }
}
