using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>The first choice of an answer put together from its events, and a check of their order.</summary>
internal sealed class ChatAnswer : IChatSink
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];
    private readonly HashSet<int> _open = [];
    private bool _isStarted;

    public string Text => Unescape(_text.ToString());

    public string Reasoning => Unescape(_reasoning.ToString());

    public List<(string Id, string Name, string Arguments)> Calls =>
        [.. _calls.Select(call => (call.Id, call.Name, Unescape(call.Arguments.ToString())))];

    public List<(OpaqueKind Kind, string Data)> Opaque { get; } = [];

    public List<(string Address, string Title)> Citations { get; } = [];

    public List<(StopReason Reason, string Text)> Stops { get; } = [];

    public StopReason Stop => Stops.Count > 0 ? Stops[0].Reason : StopReason.None;

    public void Take(in ChatEvent e)
    {
        Assert.Equal(e.Kind == ChatEventKind.Start, !_isStarted);
        _isStarted = true;
        if (e.Choice > 0)
        {
            return;
        }

        Assert.Empty(Stops);
        switch (e.Kind)
        {
            case ChatEventKind.Text:
                _text.Append(Encoding.UTF8.GetString(e.Text));
                break;
            case ChatEventKind.Reasoning:
                _reasoning.Append(Encoding.UTF8.GetString(e.Text));
                break;
            case ChatEventKind.Opaque:
                Opaque.Add((e.Opaque, Unescape(Encoding.UTF8.GetString(e.Text))));
                break;
            case ChatEventKind.Citation:
                Citations.Add((Encoding.UTF8.GetString(e.Id), Encoding.UTF8.GetString(e.Name)));
                break;
            case ChatEventKind.Stop:
                Assert.True(_open.Count == 0 || e.Stop is StopReason.Length or StopReason.ContextLength);
                Stops.Add((e.Stop, Unescape(Encoding.UTF8.GetString(e.Text))));
                break;
            default:
                TakeCall(e);
                break;
        }
    }

    public static AnswerContext Context(Dialect upstream, ToolBook? book = null) => new()
    {
        RequestId = "r7",
        Model = "alias",
        Upstream = upstream,
        UpstreamModel = upstream == Dialect.Gemini ? "gemini-3-pro" : "claude-opus-4-8",
        CreatedSeconds = 1_700_000_000,
        InputEstimate = 11,
        ToolBook = book ?? new ToolBook(),
    };

    /// <summary>Decodes an answer that comes in pieces.</summary>
    public static TSink Decode<TSink>(
        AnswerDecoder decoder, AnswerContext context, IEnumerable<ReadOnlyMemory<byte>> pieces, TSink sink)
        where TSink : IChatSink
    {
        decoder.Begin(context);
        foreach (var piece in pieces)
        {
            decoder.Append(piece.Span, sink);
        }

        decoder.Complete(sink);
        return sink;
    }

    private void TakeCall(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Call:
                Assert.Equal(_calls.Count, e.Call);
                Assert.True(_open.Add(e.Call));
                _calls.Add((Encoding.UTF8.GetString(e.Id), Encoding.UTF8.GetString(e.Name), new StringBuilder()));
                break;
            case ChatEventKind.Arguments:
                Assert.Contains(e.Call, _open);
                _calls[e.Call].Arguments.Append(Encoding.UTF8.GetString(e.Text));
                break;
            case ChatEventKind.CallEnd:
                Assert.True(_open.Remove(e.Call));
                break;
        }
    }

    private static string Unescape(string text) => JsonDocument.Parse($"\"{text}\"").RootElement.GetString()!;
}
