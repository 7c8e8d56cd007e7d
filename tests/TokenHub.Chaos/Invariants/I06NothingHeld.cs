using TokenHub.Chaos.Rigs;
using TokenHub.Chaos.Stores;

namespace TokenHub.Chaos.Invariants;

/// <summary>
/// After quiet nothing is held and nothing waits: no hold, no deadline, no outbox entry in any shard.
/// </summary>
internal sealed class I06NothingHeld : IInvariant
{
    private const int NamedMax = 5;

    public string Name => "I6";

    public async Task<IReadOnlyList<string>> CheckAsync(Evidence evidence)
    {
        var found = new List<string>();
        foreach (var port in evidence.Rig.Store.Ports)
        {
            using var talk = await RespTalk.ConnectAsync(port);
            found.AddRange(Check(talk));
        }

        return found;
    }

    /// <summary>True of a line that speaks of open holds, not of charges that wait.</summary>
    public static bool IsOfHold(string line) =>
        line.Contains("}:r:", StringComparison.Ordinal) || line.Contains("}:x ", StringComparison.Ordinal)
        || line.Contains(" has pend", StringComparison.Ordinal) || line.Contains(" has open", StringComparison.Ordinal);

    /// <summary>The request ids that hold money now.</summary>
    public static async Task<IReadOnlyList<string>> HeldAsync(Rig rig)
    {
        var held = new List<string>();
        foreach (var port in rig.Store.Ports)
        {
            using var talk = await RespTalk.ConnectAsync(port);
            held.AddRange(talk.Scan("{s*}:r:*").SelectMany(key => talk.Strings("HKEYS", key)));
        }

        return held;
    }

    private static IEnumerable<string> Check(RespTalk talk)
    {
        foreach (var key in talk.Scan("{s*}:*"))
        {
            var kind = key[(key.IndexOf('}', StringComparison.Ordinal) + 2)..].Split(':')[0];
            switch (kind)
            {
                case "r" or "o":
                    var rids = talk.Strings("HKEYS", key);
                    yield return $"{key} holds {rids.Count}: {string.Join(' ', rids.Take(NamedMax))}";
                    break;
                case "x" or "oz":
                    var members = talk.Strings("ZRANGE", key, "0", "-1");
                    yield return $"{key} lists {members.Count}: {string.Join(' ', members.Take(NamedMax))}";
                    break;
                case "a" or "k":
                    var fields = talk.Hash(key);
                    foreach (var name in new[] { "pend", "uns", "open" })
                    {
                        if (fields.GetValueOrDefault(name, "0") is not "0" and var value)
                        {
                            yield return $"{key} has {name} = {value}";
                        }
                    }

                    break;
            }
        }
    }
}
