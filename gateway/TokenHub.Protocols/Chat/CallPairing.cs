using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Protocols.Chat;

/// <summary>
/// Gives calls and results ids where the caller's protocol has none, or has longer ones than others take.
/// </summary>
public static class CallPairing
{
    /// <summary>The longest id that Chat takes.</summary>
    public const int IdCharsMax = 40;

    /// <summary>What stands for a result that the caller left out.</summary>
    public const string NoResult = "No result was given for this call.";

    /// <summary>Fills in what is missing: a result without an id is of the first call of its name still open.</summary>
    public static void Complete(ChatRequest request)
    {
        var open = new List<CallPart>();
        var number = 0;
        foreach (var part in request.Turns.SelectMany(turn => turn.Parts))
        {
            if (part is CallPart call)
            {
                number++;
                call.Id = call.Id.Length > 0 ? call.Id : $"call_{number}";
                open.Add(call);
            }
            else if (part is ResultPart result)
            {
                var at = open.FindIndex(other => result.CallId.Length > 0
                    ? other.Id == result.CallId : result.Name is null || other.Name == result.Name);
                if (at >= 0)
                {
                    result.CallId = open[at].Id;
                    open.RemoveAt(at);
                }
            }
        }
    }

    /// <summary>
    /// Gives every call that has no result before the model's next turn one that says so: OpenAI's servers refuse a
    /// conversation with a call left open.
    /// </summary>
    public static void AnswerAll(ChatRequest request)
    {
        var turns = request.Turns;
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Role != ChatRole.Assistant)
            {
                continue;
            }

            var end = turns.FindIndex(i + 1, turn => turn.Role == ChatRole.Assistant);
            var answers = turns[(i + 1)..(end < 0 ? turns.Count : end)];
            var answered = answers.SelectMany(turn => turn.Parts).OfType<ResultPart>().Select(result => result.CallId)
                .ToHashSet(StringComparer.Ordinal);
            var open = turns[i].Parts.OfType<CallPart>().Where(call => !answered.Contains(call.Id))
                .Select(ChatPart (call) => new ResultPart(call.Id, [new TextPart(NoResult)]) { IsError = true })
                .ToList();
            if (open.Count == 0)
            {
                continue;
            }

            // Results stand directly behind their calls.
            if (answers is not [{ Role: ChatRole.User }, ..])
            {
                turns.Insert(i + 1, new ChatTurn(ChatRole.User));
            }

            turns[i + 1].Parts.InsertRange(0, open);
        }
    }

    /// <summary>The id as it is, or, when it is too long, a shorter one that is always the same.</summary>
    public static string Fit(string id, int charsMax = IdCharsMax) => id.Length <= charsMax ? id
        : "call_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..32];
}
