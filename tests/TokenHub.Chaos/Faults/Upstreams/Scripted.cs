using TokenHub.Chaos.Clients;
using TokenHub.Chaos.Upstreams;

namespace TokenHub.Chaos.Faults.Upstreams;

/// <summary>Calls for which the upstream has a script of its own.</summary>
internal static class Scripted
{
    public static Task<Receipt> PlayAsync(Trial trial, UpstreamPlan plan, int gateway = 0, bool isStream = true) =>
        trial.ServedCallAsync(gateway, errand =>
        {
            trial.Rig.Upstream.Plan(errand.Model, plan);
            return errand with { IsStream = isStream, AsksUsage = true };
        });

    public static Task<Receipt> PlayAsync(Trial trial, Func<UpstreamCall, Task> script, bool isStream = true) =>
        PlayAsync(trial, new UpstreamPlan(0, 0, Script: script), isStream: isStream);

    /// <summary>What a client may be told of a failure: an error status, or an error event in the stream.</summary>
    public static bool IsToldOfFailure(Receipt receipt) =>
        receipt.Status >= 400 || receipt.Tail.Contains("\"error\"", StringComparison.Ordinal);
}
