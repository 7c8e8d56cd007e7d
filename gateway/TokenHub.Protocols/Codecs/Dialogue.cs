using System.Text;
using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>What a dialect with strict turns (Anthropic, Gemini) asks of a conversation.</summary>
/// <param name="KeepsSystem">The instructions of the beginning have a place of their own.</param>
/// <param name="KeepsSystemInPlace">Later instructions may stand where they are, in the system's role.</param>
/// <param name="Keeps">Whether a part can be written at all; what cannot is reported by whoever is asked.</param>
internal sealed record DialogueRules(bool KeepsSystem, bool KeepsSystemInPlace, Func<ChatPart, bool> Keeps);

/// <summary>
/// A conversation as dialects with strict turns want it: instructions apart, roles by turns with the user first, and
/// behind every turn with calls one with exactly their results, in order, before anything else. The request is left as
/// it is, for it may be written again for another upstream.
/// </summary>
internal sealed class Dialogue
{
    private const string Nothing = ".";
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    private Dialogue()
    {
    }

    public List<ChatPart> Instructions { get; } = [];

    /// <summary>Turns of users, assistants and, where they may stay in place, the system.</summary>
    public List<ChatTurn> Turns { get; } = [];

    public static Dialogue Of(ChatRequest request, DialogueRules rules)
    {
        var dialogue = new Dialogue();
        var leading = request.Turns.TakeWhile(turn => turn.IsInstruction).Count();
        foreach (var turn in request.Turns.Take(leading))
        {
            dialogue.Instructions.AddRange(turn.Parts.Where(rules.Keeps));
        }

        if (!rules.KeepsSystem || leading == request.Turns.Count)
        {
            dialogue.Append(ChatRole.User, dialogue.Instructions);
            dialogue.Instructions.Clear();
        }

        dialogue.AppendTurns(request.Turns[leading..], rules);
        if (dialogue.Turns.Count > 0 && dialogue.Turns[0].Role != ChatRole.User)
        {
            dialogue.Turns.Insert(0, Turn(ChatRole.User, new TextPart(Nothing)));
        }

        dialogue.PairResults();
        return dialogue;
    }

    /// <summary>Adds an instruction to those of the beginning, wherever they have their place.</summary>
    public void Instruct(string text, DialogueRules rules)
    {
        if (rules.KeepsSystem)
        {
            Instructions.Add(new TextPart(text));
        }
        else
        {
            Turns[0].Parts.Insert(0, new TextPart(text));
        }
    }

    private void AppendTurns(List<ChatTurn> turns, DialogueRules rules)
    {
        List<ChatPart> waiting = [];
        for (var i = 0; i < turns.Count; i++)
        {
            var (turn, parts) = (turns[i], turns[i].Parts.Where(rules.Keeps));
            if (!turn.IsInstruction)
            {
                Append(turn.Role, parts);
            }
            else if (rules.KeepsSystemInPlace)
            {
                waiting.AddRange(parts);
            }
            else
            {
                Append(ChatRole.User, parts.Select(Marked));
            }

            // Nothing may come between calls and their results.
            if (waiting.Count > 0 && !AwaitsResults(turns, i + 1))
            {
                Append(ChatRole.System, waiting);
                waiting.Clear();
            }
        }
    }

    private static bool AwaitsResults(List<ChatTurn> turns, int next)
    {
        for (var i = next; i < turns.Count && turns[i].Role != ChatRole.Assistant; i++)
        {
            if (turns[i].Parts.Exists(part => part is ResultPart))
            {
                return true;
            }
        }

        return false;
    }

    private void Append(ChatRole role, IEnumerable<ChatPart> parts)
    {
        var turn = new ChatTurn(role);
        turn.Parts.AddRange(parts);
        if (turn.Parts.Count == 0)
        {
            return;
        }

        if (Turns.Count > 0 && Turns[^1].Role == role)
        {
            Turns[^1].Parts.AddRange(turn.Parts);
        }
        else
        {
            Turns.Add(turn);
        }
    }

    // An instruction that has to stand in a user's words says what it is.
    private static ChatPart Marked(ChatPart part) =>
        part is TextPart text ? new TextPart($"<system>\n{text.Text}\n</system>") { Cache = part.Cache } : part;

    private void PairResults()
    {
        for (var i = 0; i < Turns.Count; i++)
        {
            var calls = Turns[i].Role == ChatRole.Assistant ? NameCalls(Turns[i]) : [];
            var next = i + 1 < Turns.Count ? Turns[i + 1] : null;
            if (calls.Count > 0 && next?.Role != ChatRole.User)
            {
                next = new ChatTurn(ChatRole.User);
                Turns.Insert(i + 1, next);
            }

            if (next?.Role == ChatRole.User)
            {
                OrderResults(next, calls);
            }
        }

        if (Turns.Count > 0)
        {
            OrderStrays(Turns[0]);
        }
    }

    // Ids are unique over the whole conversation and of letters that every dialect takes; some servers count their
    // calls anew in each turn.
    private List<(string Old, CallPart Call)> NameCalls(ChatTurn turn)
    {
        var calls = new List<(string, CallPart)>();
        for (var i = 0; i < turn.Parts.Count; i++)
        {
            if (turn.Parts[i] is not CallPart call)
            {
                continue;
            }

            var clean = Clean(call.Id);
            var id = clean;
            for (var n = 2; !_ids.Add(id); n++)
            {
                id = $"{clean}_{n}";
            }

            var renamed = new CallPart(id, call.Name, call.Arguments)
            {
                IsFreeForm = call.IsFreeForm, Opaque = call.Opaque, Caller = call.Caller, Cache = call.Cache,
            };
            turn.Parts[i] = renamed;
            calls.Add((call.Id, renamed));
        }

        return calls;
    }

    private static void OrderResults(ChatTurn turn, List<(string Old, CallPart Call)> calls)
    {
        var results = turn.Parts.OfType<ResultPart>().ToList();
        var ordered = new List<ChatPart>();
        foreach (var (old, call) in calls)
        {
            // Of several results of one call the last counts.
            var found = results.FindLast(result => result.CallId == old);
            if (found is not null && calls.Count(other => other.Old == old) == 1)
            {
                results.RemoveAll(result => result.CallId == old);
            }
            else if (found is not null)
            {
                found = results.Find(result => result.CallId == old)!;
                results.Remove(found);
            }

            ordered.Add(found is null
                ? new ResultPart(call.Id, [new TextPart(CallPairing.NoResult)]) { Name = call.Name, IsError = true }
                : new ResultPart(call.Id, found.Content)
                {
                    Name = call.Name, Value = found.Value, IsError = found.IsError, Cache = found.Cache,
                });
        }

        ordered.AddRange(turn.Parts.Where(part => part is not ResultPart || results.Contains(part)).SelectMany(Plain));
        turn.Parts.Clear();
        turn.Parts.AddRange(ordered);
    }

    private static void OrderStrays(ChatTurn turn)
    {
        if (turn.Parts.Exists(part => part is ResultPart))
        {
            OrderResults(turn, []);
        }
    }

    // A result that answers no call is told as what it is.
    private static IEnumerable<ChatPart> Plain(ChatPart part) =>
        part is ResultPart result
            ? [new TextPart($"Result of the call {result.CallId}:"), .. result.Content]
            : [part];

    private static string Clean(string id)
    {
        var clean = new StringBuilder(id.Length);
        foreach (var c in id)
        {
            clean.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_');
        }

        return clean.Length > 0 ? clean.ToString() : "call";
    }

    private static ChatTurn Turn(ChatRole role, ChatPart part)
    {
        var turn = new ChatTurn(role);
        turn.Parts.Add(part);
        return turn;
    }
}
