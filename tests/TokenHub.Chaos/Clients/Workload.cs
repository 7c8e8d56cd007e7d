using System.Globalization;
using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Clients;

/// <summary>What one client call is: all of it follows from the seed and the call's number.</summary>
/// <param name="CutAfterTokens">The client leaves after so many tokens; 0 means it stays.</param>
internal sealed record Errand(
    string Model, int Payer, bool IsStream, int Tokens, int GapMs, bool AsksUsage, int CutAfterTokens, int ThinkMs);

/// <summary>The seeded work of a run.</summary>
internal sealed class Workload(int seed, int payers, int paceMs)
{
    /// <summary>
    /// One " word" is one token of this vocabulary, so that the gateway counts what was served exactly.
    /// </summary>
    public const string Prefix = "gpt-4o-";

    public const string Pattern = Prefix + "*";

    /// <summary>More tokens than any answer of the workload has.</summary>
    public const int TokensMax = 60;

    /// <summary>Tokens of each stream; 0 leaves it to the seed.</summary>
    public int FixedTokens { get; set; }

    public int FixedGapMs { get; set; }

    public int TokensMost { get; set; } = 40;

    public int GapMost { get; set; } = 15;

    /// <summary>Of a hundred calls so many are the poor payer's.</summary>
    public int PoorPercent { get; set; } = 15;

    /// <summary>Of a hundred streams so many are cut by their client.</summary>
    public int CutPercent { get; set; } = 10;

    public Errand Of(int number)
    {
        var random = new Random((seed * 7919) ^ (number * 104729));
        var tokens = FixedTokens > 0 ? FixedTokens : random.Next(3, TokensMost);
        var isStream = random.Next(100) < 80 || FixedTokens > 0;
        var cut = isStream && random.Next(100) < CutPercent ? random.Next(1, tokens) : 0;
        var payer = random.Next(100) < PoorPercent ? payers - 1 : random.Next(payers - 1);
        return new Errand(
            string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}"), payer, isStream, tokens,
            FixedGapMs > 0 ? FixedGapMs : random.Next(GapMost > 2 ? 2 : 0, GapMost), random.Next(2) == 0, cut, random.Next(paceMs));
    }

    public UpstreamPlan PlanOf(string model)
    {
        if (!int.TryParse(model.AsSpan(Prefix.Length), CultureInfo.InvariantCulture, out var number))
        {
            return new UpstreamPlan(2, 0);
        }

        var errand = Of(number);
        return new UpstreamPlan(errand.Tokens, errand.GapMs);
    }
}
