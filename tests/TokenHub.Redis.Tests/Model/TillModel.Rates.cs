namespace TokenHub.Redis.Tests.Model;

/// <summary>Requests and tokens a minute.</summary>
internal sealed partial class TillModel
{
    private const long MinuteUs = 60_000_000;

    private readonly record struct ModelFlow(
        bool Limits, bool Passes, (long Requests, long Tokens) State, long WaitUs, long RequestsAhead, long TokensAhead);

    private ModelFlow Flow((long Requests, long Tokens) before, long used, int? perMinute, int? tokensPerMinute)
    {
        var (requestsTo, requestsWait) = Rate(before.Requests, 1, perMinute);
        var (tokensTo, tokensWait) = Rate(before.Tokens, used, tokensPerMinute);
        var passes = requestsTo is not null && tokensTo is not null;
        var state = passes ? (requestsTo!.Value, tokensTo!.Value) : before;
        return new ModelFlow(
            perMinute is not null || tokensPerMinute is not null, passes, state, Math.Max(requestsWait, tokensWait),
            perMinute is null ? -1 : Ahead(state.Item1), tokensPerMinute is null ? -1 : Ahead(state.Item2));
    }

    private (long? To, long WaitUs) Rate(long instant, long used, int? perMinute)
    {
        if (perMinute is not { } limit)
        {
            return (0, 0);
        }

        if (limit == 0 || used > limit)
        {
            return (null, MinuteUs);
        }

        var to = NowUs + Ahead(instant) + TookUs(used, limit);
        return to > NowUs + MinuteUs ? (null, to - NowUs - MinuteUs) : (to, 0);
    }

    private static long TookUs(long used, int? perMinute) =>
        perMinute is { } limit ? (long)Math.Ceiling(MinuteUs * ((double)used / limit)) : 0;

    // What is more than a minute ahead was written before the clock jumped back.
    private long Ahead(long instant) => instant > NowUs && instant <= NowUs + MinuteUs ? instant - NowUs : 0;

    // Only what has not flowed off yet is given back; what is added ends within a minute.
    private void PutRight(
        SortedDictionary<long, (long Requests, long Tokens)> rates, long of, long taken, long used, long us, long to)
    {
        if (us == 0)
        {
            return;
        }

        var (requests, tokens) = rates.GetValueOrDefault(of);
        var right = (long)Math.Min(1e18, Math.Ceiling(us * ((double)used / taken)));
        if (right > us)
        {
            rates[of] = (requests, Math.Min(NowUs + Ahead(tokens) + right - us, NowUs + MinuteUs));
        }
        else if (Ahead(tokens) > 0 && Ahead(to) > 0 && right < us)
        {
            rates[of] = (requests, tokens - Math.Min(us - right, Ahead(to)));
        }
    }

    private static object[] Answer(TillCode code, long first, long second, in ModelFlow ofKey, in ModelFlow ofUser) =>
        ofKey.Limits || ofUser.Limits
            ? [
                (long)code, first, second, ofKey.RequestsAhead, ofKey.TokensAhead, ofUser.RequestsAhead,
                ofUser.TokensAhead,
            ]
            : [(long)code, first, second];
}
