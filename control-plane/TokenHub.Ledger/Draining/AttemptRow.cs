using System.Text.Json;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Draining;

/// <summary>One attempt as it is stored in <c>usage_events.attempts</c>.</summary>
public sealed record AttemptRow(long Channel, int Status, AttemptFault Fault, int ElapsedMs)
{
    private const string None = "[]";

    public static string Write(IReadOnlyList<AttemptRecord> attempts)
    {
        if (attempts.Count == 0)
        {
            return None;
        }

        var rows = new AttemptRow[attempts.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = new AttemptRow(attempts[i].Channel, attempts[i].Status, attempts[i].Fault, attempts[i].ElapsedMs);
        }

        return JsonSerializer.Serialize(rows, LedgerJsonContext.Default.AttemptRowArray);
    }

    public static IReadOnlyList<AttemptRow> Read(string json) =>
        JsonSerializer.Deserialize(json, LedgerJsonContext.Default.AttemptRowArray) ?? [];
}
