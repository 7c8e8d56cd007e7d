using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Rigs;

namespace TokenHub.Chaos.Invariants;

/// <summary>
/// Everything the invariants are held against: upstream, clients, ledger and Redis, read after a run.
/// </summary>
internal sealed class Evidence
{
    private Evidence(Rig rig, List<Billed> billed)
    {
        (Rig, Billed) = (rig, billed);
        ByModel = billed.ToLookup(entry => entry.Model);
        ReceiptOf = rig.Swarm.Receipts.ToDictionary(receipt => receipt.Model);
    }

    public Rig Rig { get; }

    public List<Billed> Billed { get; }

    public ILookup<string, Billed> ByModel { get; }

    public IReadOnlyDictionary<string, Receipt> ReceiptOf { get; }

    public static async Task<Evidence> GatherAsync(Rig rig) =>
        new(rig, await Invariants.Billed.ReadAsync(rig.Database));

    /// <summary>How a request is named in a message: by everything that helps to find it again.</summary>
    public string NameOf(string model)
    {
        var receipt = ReceiptOf.GetValueOrDefault(model);
        var served = Rig.Upstream.Truth.GetValueOrDefault(model)?.Select(
            s => $"served {s.Tokens} at door {s.Door}{(s.IsWhole ? " whole" : "")}") ?? [];
        var billed = ByModel[model].Select(b => $"{b.Rid:n} outcome {b.Outcome} tokens {b.Tokens} cost {b.Cost}");
        var client = receipt is null ? "no client" : $"client of gateway{receipt.Gateway} {receipt.RequestId} got "
            + $"{receipt.Status}, {receipt.Tokens} tokens{(receipt.IsWhole ? " whole" : "")}"
            + $"{(receipt.HasLeft ? " and left" : "")} {receipt.Fault}";
        return $"{model}: {string.Join(", ", served)}; {client}; billed [{string.Join("; ", billed)}]";
    }
}
