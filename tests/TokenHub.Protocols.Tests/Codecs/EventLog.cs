using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>
/// Keeps the events of an answer as lines to compare: neighbours of one kind are one line, so that a stream says the
/// same however its upstream cut it.
/// </summary>
internal sealed class EventLog : IChatSink
{
    private readonly List<(string Head, StringBuilder Text)> _lines = [];

    public IReadOnlyList<string> Lines => [.. _lines.Select(line => $"{line.Head} {line.Text}".TrimEnd())];

    public void Take(in ChatEvent e)
    {
        var head = new StringBuilder(e.Kind.ToString());
        Note(head, "choice", e.Choice > 0 ? e.Choice.ToString() : "");
        Note(head, "call", e.Kind is ChatEventKind.Call or ChatEventKind.Arguments or ChatEventKind.CallEnd
            || e.Opaque == OpaqueKind.Call ? e.Call.ToString() : "");
        Note(head, "id", Unescape(e.Id));
        Note(head, "name", Unescape(e.Name));
        Note(head, "opaque", e.Opaque == OpaqueKind.None ? "" : e.Opaque.ToString());
        Note(head, "stop", e.Stop == StopReason.None ? "" : e.Stop.ToString());
        Note(head, "place", e.To > 0 ? $"{e.From}-{e.To}" : "");
        var isText = e.Kind is ChatEventKind.Text or ChatEventKind.Refusal or ChatEventKind.Reasoning
            or ChatEventKind.Arguments;
        if (!isText || _lines.Count == 0 || _lines[^1].Head != head.ToString())
        {
            _lines.Add((head.ToString(), new StringBuilder()));
        }

        // Joined before it is unescaped: a pair of surrogates may come in two events.
        _lines[^1].Text.Append(Encoding.UTF8.GetString(e.Text));
    }

    private static void Note(StringBuilder head, string name, string value)
    {
        if (value.Length > 0)
        {
            head.Append(' ').Append(name).Append('=').Append(value);
        }
    }

    private static string Unescape(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader([(byte)'"', .. text, (byte)'"']);
        reader.Read();
        return reader.GetString()!;
    }
}
