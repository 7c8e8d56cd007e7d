using System.Text.Json;
using System.Text.Json.Nodes;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Rules;
using TokenHub.Core.Money;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Settings;

/// <summary>Bounds of the settings of routing, and how they are stored: only what differs from the usual.</summary>
internal static class RoutingSettingRules
{
    // Stored as a word; gateways are told its number.
    private const string PolicyName = "policy";

    // Stored as an amount; gateways are told its units.
    private const string WaitName = "wait_usd_per_hour";
    private const string WaitUnitsName = "wait_units_per_hour";
    private const int HourMs = 3_600_000;
    private const int DaySeconds = 86_400;
    private const int WholeBp = 10_000;

    // A thousand dollars a second: nobody's time is worth more.
    private const long WaitUnitsMax = 360_000_000_000_000;

    public static void Check(RoutingSettings settings)
    {
        var checks = new FieldChecks();
        TextRules.OneOf(
            checks, settings.Policy ?? "weighted", "policy", "weighted", "least_loaded", "cheapest", "fifo", "sticky");
        checks.Range(settings.AttemptsMax, "attempts_max", 1, RoutingRules.AttemptsLimit);
        checks.Range(settings.AttemptsWithinMs, "attempts_within_ms", 0, HourMs);
        checks.Range(settings.BreakerFailures, "breaker_failures", 1, 1000);
        checks.Range(settings.BreakerShareBp, "breaker_share_bp", 1, WholeBp);
        checks.Range(settings.BreakerSamples, "breaker_samples", 1, 100_000);
        checks.Range(settings.BreakerRestMs, "breaker_rest_ms", 100, HourMs);
        checks.Range(settings.BreakerRestMaxMs, "breaker_rest_max_ms", 100, 24 * HourMs);
        checks.Range(settings.CooldownMaxMs, "cooldown_max_ms", 1000, 24 * HourMs);
        checks.Range(settings.CredentialRestMs, "credential_rest_ms", 1000, 24 * HourMs);
        checks.Range(settings.QuotaRestMs, "quota_rest_ms", 1000, 24 * HourMs);
        checks.Range(settings.RetryShareBp, "retry_share_bp", 0, WholeBp);
        checks.Range(settings.RetriesMin, "retries_min", 0, 10_000);
        checks.Range(settings.HedgeMinMs, "hedge_min_ms", 10, HourMs);
        checks.Range(settings.HedgeMaxMs, "hedge_max_ms", 10, HourMs);
        checks.Range(settings.QueueMax, "queue_max", 0, 100_000);
        checks.Range(settings.QueueUserMax, "queue_user_max", 0, 100_000);
        checks.Range(settings.SlowFirstTokenTimes, "slow_first_token_times", 2, 100);
        checks.Range(settings.QueueWaitMs, "queue_wait_ms", 0, HourMs);
        checks.Require(
            (settings.WaitUsdPerHour?.Units ?? 0) <= WaitUnitsMax,
            WaitName,
            "out_of_range",
            $"must be at most {new Usd(WaitUnitsMax)}");
        checks.Range(settings.ProbeEverySeconds, "probe_every_seconds", 30, DaySeconds);
        checks.ThrowIfAny();
    }

    /// <summary>The stored setting over what is usual; null for none.</summary>
    public static RoutingRules Read(string? stored)
    {
        var rules = JsonSerializer.SerializeToNode(
            new RoutingRules(), SnapshotJsonContext.Default.RoutingRules)!.AsObject();
        if (stored is not null && JsonNode.Parse(stored) is JsonObject changed)
        {
            foreach (var (name, value) in changed)
            {
                if (name == WaitName && value is not null && UsdText.TryParse(value.GetValue<string>(), out var wait))
                {
                    rules[WaitUnitsName] = wait.Units;
                }
                else if (value is not null && rules.ContainsKey(name))
                {
                    rules[name] = name == PolicyName
                        ? (int)ChannelWords.PolicyOf(value.GetValue<string>()) : value.DeepClone();
                }
            }
        }

        return rules.Deserialize(SnapshotJsonContext.Default.RoutingRules)!;
    }

    /// <summary>All of the rules as the API shows them.</summary>
    public static RoutingSettingsView View(RoutingRules rules, long version) => new()
    {
        Version = version,
        Policy = ChannelWords.WordOf(rules.Policy),
        AttemptsMax = rules.AttemptsMax,
        AttemptsWithinMs = rules.AttemptsWithinMs,
        BreakerFailures = rules.BreakerFailures,
        BreakerShareBp = rules.BreakerShareBp,
        BreakerSamples = rules.BreakerSamples,
        BreakerRestMs = rules.BreakerRestMs,
        BreakerRestMaxMs = rules.BreakerRestMaxMs,
        CooldownMaxMs = rules.CooldownMaxMs,
        CredentialRestMs = rules.CredentialRestMs,
        QuotaRestMs = rules.QuotaRestMs,
        RetryShareBp = rules.RetryShareBp,
        RetriesMin = rules.RetriesMin,
        HedgeMinMs = rules.HedgeMinMs,
        HedgeMaxMs = rules.HedgeMaxMs,
        QueueMax = rules.QueueMax,
        QueueUserMax = rules.QueueUserMax,
        QueueWaitMs = rules.QueueWaitMs,
        SlowFirstTokenTimes = rules.SlowFirstTokenTimes,
        WaitUsdPerHour = new Usd(rules.WaitUnitsPerHour),
        Probes = rules.Probes,
        ProbeEverySeconds = rules.ProbeEverySeconds,
    };
}
