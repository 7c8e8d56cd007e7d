using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>What an answer says and calls, in whatever dialect it was read.</summary>
internal sealed class FoundWords : IChatSink
{
    private readonly SortedDictionary<int, StringBuilder> _words = [];
    private readonly List<string> _chances = [];
    private readonly List<string> _sources = [];
    private readonly List<(string Id, string Name, StringBuilder Arguments)> _calls = [];
    private bool _isCut;

    /// <summary>Text and refusal, which not every dialect tells apart.</summary>
    public string Words => string.Join('|', _words.Values.Select(words => Unescape(words.ToString())));

    /// <summary>Log probabilities of tokens, those of one answer behind those of another.</summary>
    public string Chances => string.Join(',', _chances.Order(StringComparer.Ordinal));

    /// <summary>Where the text is from, and which characters of it.</summary>
    public string Sources => string.Join('\n', _sources);

    /// <summary>What is told of a refusal beside the text.</summary>
    public string Explanation { get; private set; } = "";

    public void Take(in ChatEvent e)
    {
        switch (e.Kind)
        {
            case ChatEventKind.Text or ChatEventKind.Refusal:
                var words = _words.TryGetValue(e.Choice, out var known)
                    ? known : _words[e.Choice] = new StringBuilder();
                words.Append(Encoding.UTF8.GetString(e.Text));
                if (!e.Chances.IsEmpty)
                {
                    var choice = e.Choice;
                    using var list = JsonDocument.Parse($"[{Encoding.UTF8.GetString(e.Chances)}]");
                    _chances.AddRange(list.RootElement.EnumerateArray().Select(
                        token => $"{choice} {JsonSerializer.Serialize(token)}"));
                }

                break;
            case ChatEventKind.Citation:
                _sources.Add($"{Encoding.UTF8.GetString(e.Id)} {Encoding.UTF8.GetString(e.Name)} {e.From}-{e.To}");
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
    /// <param name="book">What the client knows the tools as; null where the names are his already.</param>
    public List<string> Calls(Dialect client, bool isStream, ToolBook? book = null)
    {
        var takesPieces = client is Dialect.Chat or Dialect.Responses || (client == Dialect.Anthropic && isStream);
        return [.. _calls.Select(call => (call.Id, call.Name, Arguments: Unescape(call.Arguments.ToString())))
            .Where(call => takesPieces || !_isCut)
            .Select(call => $"{call.Id} {book?.Find(call.Name)?.Name ?? call.Name} {Plain(call.Arguments)}")];
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
