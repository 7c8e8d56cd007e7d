using System.Buffers;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>Runs decoders, encoders and requests' codecs with as little ado as a test can do with.</summary>
internal static class Codec
{
    public static readonly TokenUsage Usage = new() { Input = 20, Output = 7, CacheRead = 5, Reasoning = 2 };

    public static AnswerContext Context(Dialect upstream = Dialect.Anthropic, string model = "claude-x") => new()
    {
        RequestId = "R1",
        Model = "m",
        Upstream = upstream,
        UpstreamModel = model,
        CreatedSeconds = 1700000000,
        InputEstimate = 11,
        IncludeUsage = true,
    };

    /// <summary>Reads an answer into a sink, in pieces.</summary>
    public static T Decode<T>(this AnswerDecoder decoder, IEnumerable<ReadOnlyMemory<byte>> pieces, T sink)
        where T : IChatSink
    {
        decoder.Begin(Context());
        foreach (var piece in pieces)
        {
            decoder.Append(piece.Span, sink);
        }

        decoder.Complete(sink);
        return sink;
    }

    public static IReadOnlyList<string> Lines(Dialect dialect, ReadOnlyMemory<byte> answer) =>
        DialectCodecs.Of(dialect).NewDecoder().Decode([answer], new EventLog()).Lines;

    /// <summary>A stream of these data lines.</summary>
    public static byte[] Stream(params ReadOnlySpan<string> data)
    {
        var all = new StringBuilder();
        foreach (var text in data)
        {
            all.Append("data: ").Append(text).Append("\n\n");
        }

        return Encoding.UTF8.GetBytes(all.ToString());
    }

    public static FoundAnswer Find(Dialect dialect, ReadOnlyMemory<byte> answer) =>
        DialectCodecs.Of(dialect).NewDecoder().Decode([answer], new FoundAnswer());

    /// <summary>What an encoder writes for an answer that another dialect's upstream gave.</summary>
    public static byte[] Translate(Dialect from, ReadOnlyMemory<byte> answer, AnswerEncoder to, AnswerContext? context = null)
    {
        var output = new ArrayBufferWriter<byte>();
        to.Begin(context ?? Context(from));
        to.WriteTo(output);
        DialectCodecs.Of(from).NewDecoder().Decode([answer], to);
        to.Finish(Usage);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A request of one dialect as another's, and what of it was dropped.</summary>
    public static (string Body, string Dropped) Request(Dialect from, Dialect to, string body, UpstreamModel model)
    {
        using var request = DialectCodecs.Of(from).RequestReader!.Read(Encoding.UTF8.GetBytes(body), "", false);
        var (output, dropped) = (new ArrayBufferWriter<byte>(), new Dropped());
        DialectCodecs.Of(to).RequestWriter.Write(request, model, output, dropped);
        return (Encoding.UTF8.GetString(output.WrittenSpan), dropped.ToString());
    }
}
