namespace TokenHub.Chaos.Invariants;

/// <summary>The usage that a client was told is the usage that was billed.</summary>
internal sealed class I08ToldIsBilled : IInvariant
{
    public string Name => "I8";

    public Task<IReadOnlyList<string>> CheckAsync(Evidence evidence) => Task.FromResult<IReadOnlyList<string>>(
    [
        .. evidence.ReceiptOf.Values
            .Where(receipt => receipt.IsWhole && receipt.ToldOutput >= 0
                && !evidence.Rig.Allowances.RecordLost.ContainsKey(receipt.Model)
                && !evidence.Rig.Allowances.PowerLost.ContainsKey(receipt.Model)
                && !evidence.Rig.Allowances.Lies.ContainsKey(receipt.Model))
            .Where(receipt => !evidence.ByModel[receipt.Model].Any(
                billed => billed.Input == receipt.ToldInput && billed.Output == receipt.ToldOutput))
            .Select(receipt => $"told {receipt.ToldInput} + {receipt.ToldOutput}: {evidence.NameOf(receipt.Model)}"),
    ]);
}
