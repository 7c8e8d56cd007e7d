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

    /// <summary>The id as it is, or, when it is too long, a shorter one that is always the same.</summary>
    public static string Fit(string id, int charsMax = IdCharsMax) => id.Length <= charsMax ? id
        : "call_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id)))[..32];
}
