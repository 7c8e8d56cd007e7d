using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Usage;

namespace TokenHub.Ledger.Draining;

/// <summary>One attempt as it is posted: what the upstream bills for it, and what the user is charged.</summary>
internal sealed record PostedAttempt(
    RequestId RequestId, short No, long Owner, AttemptRecord Attempt, Usd Cost, Usd Charge);

/// <summary>
/// Makes the rows of a request's attempts. The sum of their costs is what upstreams bill, each rounded once, as an
/// upstream rounds each call; the sum of their charges is the request's cost, all of it on the attempt that served.
/// </summary>
internal static class AttemptCosts
{
    public static IReadOnlyList<PostedAttempt> Of(UsageRecord record, ReferenceRows rows)
    {
        var attempts = record.Attempts.ToList();
        var served = FindServed(record);
        if (served < 0 && (record.Cost > Usd.Zero || !record.Usage.IsEmpty))
        {
            // A request found again after a crash, or one whose list of attempts was full before the last.
            served = attempts.Count;
            attempts.Add(new AttemptRecord(record.Channel, record.Status, AttemptFault.None, record.DurationMs)
            {
                Outcome = record.Outcome,
            });
        }

        var posted = new PostedAttempt[attempts.Count];
        for (var i = 0; i < posted.Length; i++)
        {
            posted[i] = Post(record, Complete(record, attempts[i], i == served), i, i == served, rows);
        }

        return posted;
    }

    // A record of the first format says nothing of its attempts' usage: then the request's own is the served one's.
    private static AttemptRecord Complete(UsageRecord record, AttemptRecord attempt, bool isServed) =>
        attempt.Outcome != Outcome.None && attempt.PriceVersion != 0 || !isServed
            ? attempt
            : attempt with
            {
                Outcome = record.Outcome,
                PriceVersion = record.PriceVersion,
                Usage = attempt.Usage.IsEmpty ? record.Usage : attempt.Usage,
                IsCounted = attempt.IsCounted || record.IsCounted,
            };

    private static PostedAttempt Post(
        UsageRecord record, AttemptRecord attempt, int place, bool isServed, ReferenceRows rows)
    {
        var cost = rows.Prices.TryGetValue(attempt.PriceVersion, out var price)
            ? TariffMath.Cost(price.Billed, attempt.Usage)
            : Usd.Zero;
        var owner = attempt.Channel == record.Channel
            ? record.OwnerAccount
            : rows.ChannelOwners.GetValueOrDefault(attempt.Channel);
        return new PostedAttempt(
            record.RequestId, (short)(place + 1), owner, attempt, cost, isServed ? record.Cost : Usd.Zero);
    }

    // The last one at the record's channel that was not beaten by another; -1 when there is none.
    private static int FindServed(UsageRecord record)
    {
        for (var i = record.Attempts.Count - 1; i >= 0; i--)
        {
            var attempt = record.Attempts[i];
            if (attempt.Channel == record.Channel && attempt.Outcome != Outcome.LosingHedge
                && (attempt.Outcome == Outcome.None || attempt.Outcome == record.Outcome))
            {
                return i;
            }
        }

        return -1;
    }
}
