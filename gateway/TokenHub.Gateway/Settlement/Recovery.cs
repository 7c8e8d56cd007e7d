using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Settlement;

/// <summary>
/// Turns what a former process left behind into records: each request it served is billed once, for what was counted.
/// </summary>
public static class Recovery
{
    /// <summary>
    /// The records of requests that were open when the process died. Ids that the log already holds are left out; of
    /// two slots with one id (a request that was moving to another channel) the one that had come further counts.
    /// </summary>
    /// <param name="past">Attempts that were over: they have their rows, at the platform's cost.</param>
    public static IReadOnlyList<UsageRecord> RecordsOf(
        IEnumerable<(OpenRequest Open, InFlightCounters Counters)> leftOpen,
        IReadOnlySet<RequestId> inLog,
        IEnumerable<PastAttempt>? past = null)
    {
        var attempts = (past ?? []).ToLookup(attempt => attempt.Rid);
        return [.. leftOpen
            .Where(left => !inLog.Contains(left.Open.Rid))
            .GroupBy(left => left.Open.Rid)
            .Select(same => same.MaxBy(left => left.Counters.Output))
            .Select(left => RecordOf(
                left.Open,
                left.Counters,
                attempts[left.Open.Rid].OrderBy(attempt => attempt.Place).Select(attempt => attempt.Attempt)))];
    }

    private static UsageRecord RecordOf(
        OpenRequest open, InFlightCounters counters, IEnumerable<AttemptRecord> before)
    {
        // Before any output nothing is known to have been served, so nothing is charged.
        var served = counters.Output > 0
            ? new TokenUsage { Input = counters.Input, Output = counters.Output, Media = open.Media }
            : default;
        return new UsageRecord
        {
            RequestId = open.Rid,
            Account = open.Account,
            Key = open.Key,
            Channel = open.Channel,
            OwnerAccount = open.OwnerAccount,
            OwnerShareBp = open.OwnerShareBp,
            PriceVersion = open.Tariff.PriceVersion,
            Factors = open.Tariff.Factors,
            Model = open.Model,
            Dialect = open.Dialect,
            IsStream = open.IsStream,
            Outcome = Outcome.Interrupted,
            IsCounted = true,
            StartedMs = open.StartedMs,
            Hold = counters.Hold,
            Cost = TariffMath.Cost(open.Tariff, served),
            Usage = served,
            Attempts =
            [
                .. before.Take(UsageRecord.AttemptsMax - 1),
                new AttemptRecord(open.Channel, 0, AttemptFault.None, 0)
                {
                    Outcome = Outcome.Interrupted,
                    PriceVersion = open.Tariff.PriceVersion,
                    Usage = served,
                    IsCounted = true,
                },
            ],
        };
    }
}
