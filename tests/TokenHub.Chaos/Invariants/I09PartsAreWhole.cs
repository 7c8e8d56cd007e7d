namespace TokenHub.Chaos.Invariants;

/// <summary>The owner's and the platform's part of a charge are the charge, to the unit, for each request.</summary>
internal sealed class I09PartsAreWhole : IInvariant
{
    public string Name => "I9";

    public Task<IReadOnlyList<string>> CheckAsync(Evidence evidence) => Task.FromResult<IReadOnlyList<string>>(
    [
        .. evidence.Billed.Where(billed => billed.Transferred != billed.Cost || billed.OwnerTransferred != billed.Owner
                || billed.Owner != (long)((Int128)billed.Cost * billed.OwnerShareBp / 10_000))
            .Select(billed => $"cost {billed.Cost}, owner {billed.Owner}, transferred {billed.Transferred} of which to "
                + $"the owner {billed.OwnerTransferred}: {evidence.NameOf(billed.Model)}"),
    ]);
}
