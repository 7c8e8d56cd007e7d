using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>
/// Spoilt answers and requests: whatever an upstream or a caller sends, nothing but a refusal comes of it, and what is
/// written on stays sound.
/// </summary>
public sealed class CodecFuzzTests
{
    private const int Rounds = 4000;

    private static readonly byte[] Marks = [.. "{}[]\",:\\\n0u"u8, 0, 255];

    [Theory]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    public void Spoilt_answer_is_written_on_as_a_sound_one(Dialect from)
    {
        var random = new Random(4);
        var corpus = GoldenCase.Names().Select(GoldenCase.Load).Where(golden => golden.Dialect == from).ToArray();
        var decoder = DialectCodecs.Of(from).NewDecoder();
        var output = new ArrayBufferWriter<byte>();
        foreach (var to in (ReadOnlySpan<Dialect>)[Dialect.Chat, Dialect.Responses])
        {
            var encoder = DialectCodecs.Of(to).NewStreamEncoder!();
            var body = DialectCodecs.Of(to).NewBodyEncoder!();
            for (var i = 0; i < Rounds; i++)
            {
                var golden = corpus[random.Next(corpus.Length)];
                var spoilt = Spoil(golden.Bytes, random);
                AssertSound(decoder, spoilt, encoder, output, to, isStream: true);
                AssertSound(decoder, spoilt, body, output, to, isStream: false);
            }
        }
    }

    [Theory]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    public void Spoilt_request_is_read_or_refused(Dialect from)
    {
        var random = new Random(5);
        var request = Encoding.UTF8.GetBytes(from == Dialect.Chat ? ChatRequest : ResponsesRequest);
        var (reader, refused) = (DialectCodecs.Of(from).RequestReader!, 0);
        var body = new ArrayBufferWriter<byte>();
        for (var i = 0; i < Rounds * 2; i++)
        {
            try
            {
                using var read = reader.Read(Spoil(request, random), "", false);
                foreach (var to in (ReadOnlySpan<Dialect>)[Dialect.Chat, Dialect.Responses])
                {
                    body.ResetWrittenCount();
                    DialectCodecs.Of(to).RequestWriter.Write(read, new UpstreamModel("gpt-5"), body, new Dropped());
                }
            }
            catch (UntranslatableException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 1, Rounds * 2 - 1);
    }

    private static void AssertSound(
        AnswerDecoder decoder, byte[] spoilt, AnswerEncoder encoder, ArrayBufferWriter<byte> output, Dialect to, bool isStream)
    {
        output.ResetWrittenCount();
        encoder.Begin(Codec.Context(Dialect.Gemini, "gemini-x"));
        encoder.WriteTo(output);
        decoder.Decode([spoilt], encoder);
        encoder.Finish(Codec.Usage);

        var meter = AnswerReader.Create(to, isStream).Read([output.WrittenMemory]);
        Assert.True(meter.IsTerminal && meter.Faults == StreamFaults.None, Encoding.UTF8.GetString(output.WrittenSpan));
    }

    private static byte[] Spoil(byte[] sound, Random random)
    {
        var spoilt = sound.ToList();
        for (var i = random.Next(4); i >= 0 && spoilt.Count > 0; i--)
        {
            var at = random.Next(spoilt.Count);
            switch (random.Next(4))
            {
                case 0:
                    spoilt[at] = Marks[random.Next(Marks.Length)];
                    break;
                case 1:
                    spoilt.RemoveRange(at, Math.Min(random.Next(1, 12), spoilt.Count - at));
                    break;
                case 2:
                    spoilt.InsertRange(at, spoilt.Slice(at, Math.Min(random.Next(1, 60), spoilt.Count - at)));
                    break;
                default:
                    spoilt[at] = (byte)random.Next(256);
                    break;
            }
        }

        return [.. spoilt];
    }

    private const string ChatRequest = """
        {"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"u\u00e9"},
        {"type":"image_url","image_url":{"url":"data:image/png;base64,AA","detail":"low"}},
        {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]},
        {"role":"assistant","content":"a","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"th1.3.1.Y2xhdWRl..U0lH"}],
        "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
        {"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"r"}]}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],
        "tool_choice":{"type":"function","function":{"name":"f"}},"max_tokens":9,"stop":["x"],"temperature":0.5,
        "response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}},"stream":true}
        """;

    private const string ResponsesRequest = """
        {"model":"m","instructions":"i","input":[{"role":"user","content":[{"type":"input_text","text":"u"},
        {"type":"input_image","image_url":"data:image/png;base64,AA"}]},
        {"type":"reasoning","id":"rs","summary":[{"text":"t"}],"encrypted_content":"th1.2.1.Z3B0.cnM.RQ"},
        {"type":"function_call","call_id":"1","name":"f","namespace":"n","arguments":"{}"},
        {"type":"function_call_output","call_id":"1","output":[{"type":"input_text","text":"r"}]}],
        "tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]},{"type":"custom","name":"p"}],
        "tool_choice":{"type":"function","name":"f"},"text":{"format":{"type":"json_schema","name":"n","schema":{}}},
        "reasoning":{"effort":"low"},"include":["reasoning.encrypted_content"],"max_output_tokens":9,"store":false}
        """;
}
