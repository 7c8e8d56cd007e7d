namespace TokenHub.Chaos.Invariants;

/// <summary>One of the promises of the failure model, checked after every run.</summary>
internal interface IInvariant
{
    public string Name { get; }

    /// <summary>What is wrong, a line each; empty when the promise is kept.</summary>
    public Task<IReadOnlyList<string>> CheckAsync(Evidence evidence);
}
