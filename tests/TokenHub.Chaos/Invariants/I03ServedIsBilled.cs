using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Invariants;

/// <summary>
/// What the upstream served is billed once: exactly, or, of a request that a fault cut, all but the tokens of its last
/// 200 ms; never more than was served, and at the price of its tokens.
/// </summary>
internal sealed class I03ServedIsBilled : IInvariant
{
    private const int LostMsMax = 200;
    private const long InputUnitsPerMillion = 100_000_000;
    private const long OutputUnitsPerMillion = 400_000_000;

    public string Name => "I3";

    public Task<IReadOnlyList<string>> CheckAsync(Evidence evidence) => Task.FromResult<IReadOnlyList<string>>(
    [
        .. evidence.Rig.Upstream.Truth.Select(truth => WrongTokens(evidence, truth.Key, [.. truth.Value])).OfType<string>(),
        .. evidence.Billed.Where(billed => billed.Cost != CostOf(billed))
            .Select(billed => $"cost {billed.Cost} instead of {CostOf(billed)}: {evidence.NameOf(billed.Model)}"),
    ]);

    private static string? WrongTokens(Evidence evidence, string model, IReadOnlyList<Served> attempts)
    {
        var billed = evidence.ByModel[model].Sum(entry => entry.Tokens);
        var (least, most) = BoundsOf(evidence, model, attempts);
        if (billed < least || billed > most)
        {
            return $"billed {billed} of {least} to {most} tokens: {evidence.NameOf(model)}";
        }

        return least > 0 && !evidence.ByModel[model].Any() ? $"not in the ledger: {evidence.NameOf(model)}" : null;
    }

    private static (long Least, long Most) BoundsOf(Evidence evidence, string model, IReadOnlyList<Served> attempts)
    {
        var allowed = evidence.Rig.Allowances;
        if (allowed.Lies.TryGetValue(model, out var lie))
        {
            return lie;
        }

        var most = attempts.Sum(attempt => (long)attempt.Tokens);
        var last = attempts.MaxBy(attempt => attempt.Tokens)!;
        var receipt = evidence.ReceiptOf.GetValueOrDefault(model);
        if (allowed.RecordLost.ContainsKey(model))
        {
            return (0, most);
        }

        if (allowed.PowerLost.TryGetValue(model, out var sinceMs))
        {
            return (Math.Min(last.TokensBefore(sinceMs), last.Tokens - last.TokensOfLast(LostMsMax)), most);
        }

        if (receipt is { IsWhole: true })
        {
            return (receipt.Tokens, receipt.Tokens);
        }

        return allowed.ClientTruth.ContainsKey(model)
            ? (receipt?.Tokens ?? 0, most)
            : (last.Tokens - last.TokensOfLast(LostMsMax), most);
    }

    private static long CostOf(Billed billed)
    {
        if (!billed.IsCharged)
        {
            return 0;
        }

        var exact = ((Int128)billed.Input * InputUnitsPerMillion) + ((Int128)billed.Output * OutputUnitsPerMillion);
        return exact == 0 ? 0 : Math.Max(1, (long)((exact + 500_000) / 1_000_000));
    }
}
