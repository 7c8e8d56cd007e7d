using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>What a decoder has to find in recorded traffic, and the same at every cut.</summary>
internal static class DecodedWire
{
    /// <summary>Names of all files of a dialect.</summary>
    public static IEnumerable<string> Names(Dialect dialect) =>
        WireCase.Names().Where(name => name.Length == 0 || WireCase.Load(name).Dialect == dialect);

    public static void AssertAnswer(WireCase wire, ChatAnswer answer)
    {
        var expected = wire.Expected;
        Assert.Equal(expected.GetProperty("text_bytes").GetInt32(), Encoding.UTF8.GetByteCount(answer.Text));
        Assert.Equal(expected.GetProperty("reasoning_chars").GetInt32(), answer.Reasoning.EnumerateRunes().Count());
        var calls = expected.GetProperty("tools").EnumerateArray().ToList();
        Assert.Equal(calls.Count, answer.Calls.Count);
        for (var i = 0; i < calls.Count; i++)
        {
            Assert.Equal(calls[i].GetProperty("id").GetString() ?? $"call_r7_{i + 1}", answer.Calls[i].Id);
            Assert.Equal(calls[i].GetProperty("name").GetString(), answer.Calls[i].Name);
            var arguments = answer.Calls[i].Arguments;
            Assert.Equal(calls[i].GetProperty("args").GetString(), arguments.Length == 0 ? "{}" : arguments);
        }

        if (expected.TryGetProperty("signatures", out var signatures))
        {
            Assert.Equal(signatures.GetInt32(), answer.Opaque.Count);
        }
    }

    public static void AssertSameAtEveryCut(AnswerDecoder decoder, AnswerContext context, byte[] bytes, int stride)
    {
        var whole = ChatAnswer.Decode(decoder, context, [bytes], new EventLog()).Lines;
        Assert.Equal(whole, ChatAnswer.Decode(decoder, context, Chunker.Single(bytes), new EventLog()).Lines);
        for (var cut = 1; cut < bytes.Length; cut += stride)
        {
            Assert.Equal(whole, ChatAnswer.Decode(
                decoder, context, [bytes.AsMemory(0, cut), bytes.AsMemory(cut)], new EventLog()).Lines);
        }
    }

    /// <summary>A stream of events by their data alone.</summary>
    public static byte[] Stream(params ReadOnlySpan<string> data)
    {
        var stream = new StringBuilder();
        foreach (var text in data)
        {
            stream.Append("data: ").Append(text).Append("\n\n");
        }

        return Encoding.UTF8.GetBytes(stream.ToString());
    }

    /// <summary>Bytes that reading a stream a second time allocates, by events between its beginning and end.</summary>
    public static long AllocatedBytes(AnswerDecoder decoder, AnswerContext context, byte[] head, byte[] chunk)
    {
        var sink = new Deaf();
        decoder.Begin(context);
        decoder.Append(head, sink);
        for (var i = 0; i < 20; i++)
        {
            decoder.Append(chunk, sink);
        }

        return Allocations.Least(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                decoder.Append(chunk, sink);
            }
        });
    }

    /// <summary>Takes events and keeps nothing.</summary>
    internal sealed class Deaf : Protocols.Chat.IChatSink
    {
        public int Count { get; private set; }

        public void Take(in Protocols.Chat.ChatEvent e) => Count++;
    }
}
