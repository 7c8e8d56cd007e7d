using System.Text;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>What the events of an answer come to, and whether they came in their order.</summary>
internal sealed class FoundAnswer : IChatSink
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _refusal = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];
    private readonly HashSet<int> _ended = [];

    /// <summary>Of the first choice alone.</summary>
    public string Text => Unescape(_text.ToString());

    public string Refusal => Unescape(_refusal.ToString());

    public string Reasoning => Unescape(_reasoning.ToString());

    public string[] Calls =>
        [.. _calls.Select(call => $"{call.Id} {call.Name} {Unescape(call.Arguments.ToString())}")];

    /// <summary>Bytes of the choices but the first.</summary>
    public int OtherBytes { get; private set; }

    public List<string> Opaque { get; } = [];

    public List<string> Citations { get; } = [];

    public List<string> Images { get; } = [];

    public StopReason Stop { get; private set; }

    /// <summary>Everything that is the same whoever carried the answer.</summary>
    public string Describe() => string.Join(
        '\n',
        $"text {Text}", $"refusal {Refusal}", $"reasoning {Reasoning}", string.Join('\n', Calls),
        string.Join('\n', Citations), string.Join('\n', Images), $"stop {Stop}");

    public void Take(in ChatEvent e)
    {
        Assert.Equal(StopReason.None, e.Choice == 0 ? Stop : StopReason.None);
        OtherBytes += e.Choice > 0 ? e.Text.Length : 0;
        if (e.Choice > 0)
        {
            return;
        }

        var text = Encoding.UTF8.GetString(e.Text);
        switch (e.Kind)
        {
            case ChatEventKind.Text:
                _text.Append(text);
                break;
            case ChatEventKind.Refusal:
                _refusal.Append(text);
                break;
            case ChatEventKind.Reasoning:
                _reasoning.Append(text);
                break;
            case ChatEventKind.Call:
                Assert.Equal(_calls.Count, e.Call);
                _calls.Add((Unescape(e.Id), Unescape(e.Name), new StringBuilder()));
                break;
            case ChatEventKind.Arguments:
                Assert.DoesNotContain(e.Call, _ended);
                _calls[e.Call].Arguments.Append(text);
                break;
            case ChatEventKind.CallEnd:
                Assert.True(_ended.Add(e.Call));
                break;
            case ChatEventKind.Opaque:
                Opaque.Add(Unescape(text));
                break;
            case ChatEventKind.Citation:
                Citations.Add($"{Unescape(e.Id)} {Unescape(e.Name)}");
                break;
            case ChatEventKind.Image:
                Images.Add($"{Unescape(e.Name)} {text}");
                break;
            case ChatEventKind.Stop:
                Stop = e.Stop;
                break;
        }
    }

    // Half a pair of surrogates may come alone.
    private static string Unescape(ReadOnlySpan<byte> inside) => JsonText.Unescape(inside);

    private static string Unescape(string inside) => JsonText.Unescape(Encoding.UTF8.GetBytes(inside));
}
