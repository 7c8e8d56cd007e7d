using TokenHub.Protocols.Chat;

namespace TokenHub.Protocols.Codecs;

/// <summary>
/// The form that a request's turns have: neighbours of one role are one turn, results stand first in theirs.
/// </summary>
internal static class TurnList
{
    public static void AddTurn(this List<ChatTurn> turns, ChatTurn turn)
    {
        if (turn.Parts.Count == 0)
        {
            return;
        }

        if (turns.Count > 0 && turns[^1].Role == turn.Role && !turn.IsInstruction)
        {
            turns[^1].Parts.AddRange(turn.Parts);
            turn = turns[^1];
        }
        else
        {
            turns.Add(turn);
        }

        var results = turn.Parts.FindAll(part => part is ResultPart);
        if (results.Count > 0 && turn.Role == ChatRole.User)
        {
            var others = turn.Parts.FindAll(part => part is not ResultPart);
            turn.Parts.Clear();
            turn.Parts.AddRange(results);
            turn.Parts.AddRange(others);
        }
    }
}
