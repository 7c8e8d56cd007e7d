namespace TokenHub.Chaos.Invariants;

/// <summary>Nothing is billed that no upstream served, and nothing twice.</summary>
internal sealed class I04BilledWasServed : IInvariant
{
    public string Name => "I4";

    public Task<IReadOnlyList<string>> CheckAsync(Evidence evidence) => Task.FromResult<IReadOnlyList<string>>(
    [
        .. evidence.Billed.Where(billed => billed.Cost > 0 && !evidence.Rig.Upstream.Truth.ContainsKey(billed.Model))
            .Select(billed => $"nobody served it: {evidence.NameOf(billed.Model)}"),
        .. evidence.ByModel.Where(same => same.Count(billed => billed.Cost > 0) > 1)
            .Select(same => $"billed twice: {evidence.NameOf(same.Key)}"),
    ]);
}
