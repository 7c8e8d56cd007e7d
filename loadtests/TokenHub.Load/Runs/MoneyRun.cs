using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using TokenHub.Core.Money;
using TokenHub.Load.Results;
using TokenHub.Load.Scenarios;
using TokenHub.Load.Targets;

namespace TokenHub.Load.Runs;

/// <summary>
/// Many small calls of one user, whole and streamed, and then the sum: the wallet must have fallen by price times usage
/// to the last of eight decimals, by the client's count and by the upstream's own, and the ledger must add up.
/// </summary>
internal sealed class MoneyRun(string scenario, Step step, ProductTarget product, MockTarget mock)
{
    private const string Credit = "1000";
    private static readonly TimeSpan SettledWithin = TimeSpan.FromSeconds(60);

    // Dollars per million tokens are units of 1e-8 dollars per token times a hundred; both prices are whole ones.
    private static readonly long InputUnits = UnitsPerToken(ProductTarget.InputPrice);
    private static readonly long OutputUnits = UnitsPerToken(ProductTarget.OutputPrice);

    /// <summary>What was found, in words; a finding that is no fault begins with "ok".</summary>
    public List<string> Findings { get; } = [];

    public async Task<StepResult> RunAsync(CancellationToken cancel)
    {
        var (userId, key) = await product.CreateMemberAsync("money", Credit, cancel);
        var payer = new PayingTarget(product, key);
        await mock.ResetStatsAsync(cancel);
        var whole = await CallAsync(payer, isStream: false, cancel);
        var streamed = await CallAsync(payer, isStream: true, cancel);
        var script = ScenarioFiles.ScriptOf(step);
        var calls = whole.Calls + streamed.Calls;
        var charged = new Usd(calls * ((script.InputTokens * InputUnits) + (script.Chunks * OutputUnits)));
        await CheckWalletAsync(userId, calls, charged, cancel);
        await CheckUpstreamAsync(charged, cancel);
        var verified = await product.Api.CallAsync("GET", "/ledger/verify", null, cancel);
        Tell((bool)verified["ok"]!, $"the ledger's own check says {verified.ToJsonString()}");
        return streamed with
        {
            Calls = calls,
            Seconds = whole.Seconds + streamed.Seconds,
            CpuMicroseconds = whole.CpuMicroseconds + streamed.CpuMicroseconds,
            Faults = streamed.Faults,
        };
    }

    private async Task<StepResult> CallAsync(PayingTarget payer, bool isStream, CancellationToken cancel)
    {
        var half = step with { Kind = Step.Closed, Stream = isStream, Count = step.Count / 2 };
        using var run = LoadRun.Create(scenario, half, payer, mock);
        var result = await run.RunAsync(cancel);
        Tell(result.Faults.IsNone, $"{result.Calls} {(isStream ? "streamed" : "whole")} calls: {result.Faults}");
        return result;
    }

    private async Task CheckWalletAsync(string userId, long calls, Usd charged, CancellationToken cancel)
    {
        _ = UsdText.TryParse(Credit, out var credit);
        var expected = (credit - charged).ToString();
        var clock = Stopwatch.StartNew();
        JsonObject wallet;
        while (true)
        {
            wallet = await product.Api.CallAsync("GET", $"/users/{userId}/wallet", null, cancel);
            if ((IsZero(wallet["held"]) && (string?)wallet["balance"] == expected) || clock.Elapsed > SettledWithin)
            {
                break;
            }

            await Task.Delay(100, cancel);
        }

        Tell(
            IsZero(wallet["held"]) && (string?)wallet["balance"] == expected,
            $"{calls} calls cost ${charged}; the wallet should say {expected} and says {wallet["balance"]}, "
            + $"held {wallet["held"]}, after {clock.Elapsed.TotalSeconds:0.0} s");
    }

    private async Task CheckUpstreamAsync(Usd charged, CancellationToken cancel)
    {
        var served = await mock.StatsAsync(cancel);
        var worth = new Usd(
            ((long)served["input_tokens"]! * InputUnits) + ((long)served["output_tokens"]! * OutputUnits));
        Tell(worth == charged, $"the upstream served tokens worth ${worth}");
    }

    private void Tell(bool isOk, string finding) => Findings.Add((isOk ? "ok: " : "FAULT: ") + finding);

    private static bool IsZero(JsonNode? amount) => (string?)amount == Usd.Zero.ToString();

    private static long UnitsPerToken(string dollarsPerMillion) =>
        UsdText.TryParse(dollarsPerMillion, out var price) ? price.Units / 1_000_000
            : throw new FormatException(dollarsPerMillion);

    /// <summary>The product, called with one key only.</summary>
    private sealed class PayingTarget(ProductTarget product, string key) : ITarget
    {
        public string Name => product.Name;

        public IPEndPoint Endpoint => product.Endpoint;

        public IReadOnlyList<string> Keys { get; } = [key];

        public IReadOnlyList<int> ProcessIds => product.ProcessIds;

        public long IdleKiB => product.IdleKiB;

        public IReadOnlyDictionary<string, IReadOnlyList<int>> Neighbours => product.Neighbours;
    }
}
