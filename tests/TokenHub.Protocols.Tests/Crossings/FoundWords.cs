using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>What an answer says and calls, in whatever dialect it was read.</summary>
internal sealed class FoundWords : IChatSink
{
    private readonly StringBuilder _words = new();
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];
    private bool _isCut;

    /// <summary>Text and refusal, which not every dialect tells apart.</summary>
    public string Words => Unescape(_words.ToString());

    /// <summary>What is told of a refusal beside the text.</summary>
    public string Explanation { get; private set; } = "";

    public void Take(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Text or ChatEventKind.Refusal:
                _words.Append(Encoding.UTF8.GetString(e.Text));
                break;
            case ChatEventKind.Call:
                _calls.Add((Encoding.UTF8.GetString(e.Id), Encoding.UTF8.GetString(e.Name), new StringBuilder()));
                break;
            case ChatEventKind.Arguments:
                _calls[e.Call].Arguments.Append(Encoding.UTF8.GetString(e.Text));
                break;
            case ChatEventKind.Stop:
                _isCut = e.Stop == StopReason.Length;
                Explanation = e.Stop == StopReason.Filtered ? Unescape(Encoding.UTF8.GetString(e.Text)) : "";
                break;
        }
    }

    /// <summary>
    /// The calls, to compare. Where a limit cut one, a client whose protocol has objects for arguments gets less of it.
    /// </summary>
    public List<string> Calls(Dialect client, bool isStream)
    {
        var takesPieces = client is Dialect.Chat or Dialect.Responses || (client == Dialect.Anthropic && isStream);
        return [.. _calls.Select(call => (call.Id, call.Name, Arguments: Unescape(call.Arguments.ToString())))
            .Where(call => takesPieces || !_isCut).Select(call => $"{call.Id} {call.Name} {Plain(call.Arguments)}")];
    }

    private static string Plain(string arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(arguments.Length == 0 ? "{}" : arguments);
            return JsonSerializer.Serialize(document);
        }
        catch (JsonException)
        {
            return arguments;
        }
    }

    private static string Unescape(string text) => JsonDocument.Parse($"\"{text}\"").RootElement.GetString()!;
}
