using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>An answer written by an encoder, and read back by its own dialect's readers.</summary>
internal sealed class Encoded
{
    private readonly AnswerContext _context;
    private readonly Dialect _dialect;

    private Encoded(Dialect dialect, AnswerContext context, byte[] bytes)
    {
        (_dialect, _context, Bytes) = (dialect, context, bytes);
    }

    public byte[] Bytes { get; }

    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>What the answer used, wherever a test does not care.</summary>
    public static TokenUsage Usage { get; } = new() { Input = 30, CacheRead = 10, CacheWrite5m = 4, Output = 9, Reasoning = 2 };

    public static Encoded Of(
        Dialect dialect, AnswerEncoder encoder, AnswerContext context, Action<AnswerEncoder> play)
    {
        var output = new ArrayBufferWriter<byte>();
        encoder.Begin(context);
        encoder.WriteTo(output);
        play(encoder);
        return new Encoded(dialect, context, output.WrittenSpan.ToArray());
    }

    /// <summary>An upstream's answer written for another dialect's client.</summary>
    public static Encoded Cross(
        Dialect upstream, byte[] bytes, Dialect client, AnswerEncoder encoder, AnswerContext? context = null)
    {
        context ??= ChatAnswer.Context(upstream);
        return Of(client, encoder, context, e =>
        {
            ChatAnswer.Decode(DialectCodecs.Of(upstream).NewDecoder(), context, [bytes], e);
            e.Finish(Usage);
        });
    }

    public ChatAnswer Answer() => Read(new ChatAnswer());

    public EventLog Log() => Read(new EventLog());

    public AnswerReader Meter(bool isStream = true) => AnswerReader.Create(_dialect, isStream).Read([Bytes]);

    public JsonElement Json() => JsonDocument.Parse(Bytes).RootElement;

    /// <summary>Bytes that a delta allocates once the encoder stands.</summary>
    public static long AllocatedBytes(AnswerEncoder encoder, AnswerContext context, params ChatEventKind[] kinds)
    {
        var output = new ArrayBufferWriter<byte>(1 << 16);
        encoder.Begin(context);
        encoder.WriteTo(output);
        encoder.Take(new ChatEvent(ChatEventKind.Start) { Id = "i"u8, Name = "m"u8 });
        if (kinds.Contains(ChatEventKind.Arguments))
        {
            encoder.Take(new ChatEvent(ChatEventKind.Call) { Id = "c"u8, Name = "f"u8 });
        }

        Take();
        return Allocations.Least(Take);

        void Take()
        {
            for (var round = 0; round < 100; round++)
            {
                output.ResetWrittenCount();
                foreach (var kind in kinds)
                {
                    encoder.Take(new ChatEvent(kind) { Text = "some text"u8 });
                }
            }
        }
    }

    private TSink Read<TSink>(TSink sink)
        where TSink : IChatSink =>
        ChatAnswer.Decode(
            DialectCodecs.Of(_dialect).NewDecoder(), _context with { Upstream = _dialect }, [Bytes], sink);
}

/// <summary>Events given to an encoder by a test.</summary>
internal static class Events
{
    public static AnswerEncoder Give(
        this AnswerEncoder to, ChatEventKind kind, string text = "", int call = 0, int choice = 0, string id = "",
        string name = "", OpaqueKind opaque = OpaqueKind.None, StopReason stop = StopReason.None)
    {
        to.Take(new ChatEvent(kind)
        {
            Call = call,
            Choice = choice,
            Text = Bytes(text),
            Id = Bytes(id),
            Name = Bytes(name),
            Opaque = opaque,
            Stop = stop,
        });
        return to;
    }

    public static AnswerEncoder Start(this AnswerEncoder to) => to.Give(ChatEventKind.Start, id: "up1", name: "gpt-5");

    public static AnswerEncoder Say(this AnswerEncoder to, string text) => to.Give(ChatEventKind.Text, text);

    public static AnswerEncoder Think(this AnswerEncoder to, string text) => to.Give(ChatEventKind.Reasoning, text);

    public static AnswerEncoder Call(this AnswerEncoder to, int call, string name) =>
        to.Give(ChatEventKind.Call, call: call, id: $"call_{call}", name: name);

    public static AnswerEncoder Arguments(this AnswerEncoder to, int call, string json) =>
        to.Give(ChatEventKind.Arguments, JsonEncodedText.Encode(json, Relaxed).ToString(), call);

    public static AnswerEncoder CallEnd(this AnswerEncoder to, int call) => to.Give(ChatEventKind.CallEnd, call: call);

    public static AnswerEncoder Stop(this AnswerEncoder to, StopReason reason, string text = "") =>
        to.Give(ChatEventKind.Stop, text, stop: reason);

    private static System.Text.Encodings.Web.JavaScriptEncoder Relaxed =>
        System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
