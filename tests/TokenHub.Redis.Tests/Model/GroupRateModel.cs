using TokenHub.Core.Requests;

namespace TokenHub.Redis.Tests.Model;

/// <summary>The rates of groups as plain objects: what each request took by estimate, and what is put right.</summary>
internal sealed class GroupRateModel
{
    private const long MinuteUs = 60_000_000;
    private readonly Dictionary<string, (long Requests, long Tokens)> _rates = [];
    private readonly Dictionary<(string Group, RequestId Rid), Taken> _taken = [];

    public long NowUs { get; set; }

    public IEnumerable<string> Lines() =>
        _rates.Select(rate => $"{RedisKeys.GroupRates(rate.Key)} {rate.Value.Requests}|{rate.Value.Tokens}")
            .Concat(_taken.Select(taken => $"{RedisKeys.GroupTaken(taken.Key.Group, taken.Key.Rid)} {taken.Value}"));

    public void Lose(string group) => _rates.Remove(group);

    public object[] Take(string group, RequestId rid, int? rpm, int? tpm, long tokens)
    {
        if (tokens > TillModel.UnitsMax)
        {
            return [(long)TillCode.BadArgument, 0L, 0L];
        }

        var at = _rates.GetValueOrDefault(group);
        var (code, waitUs) = (TillCode.Repeated, 0L);
        if (!_taken.ContainsKey((group, rid)))
        {
            var (requestsTo, requestsWait) = Rate(at.Requests, 1, rpm);
            var (tokensTo, tokensWait) = Rate(at.Tokens, tokens, tpm);
            (code, waitUs) = (TillCode.Rate, Math.Max(requestsWait, tokensWait));
            if (requestsTo is { } requests && tokensTo is { } ended)
            {
                (at, code) = ((requests, ended), TillCode.Ok);
                _rates[group] = at;
                _taken[(group, rid)] = new Taken(
                    Length(1, rpm), rpm is null ? 0 : requests, tokens, Length(tokens, tpm), tpm is null ? 0 : ended);
            }
        }

        return
        [
            (long)code, 0L, (waitUs + 999) / 1000, rpm is null ? -1L : Ahead(at.Requests),
            tpm is null ? -1L : Ahead(at.Tokens), -1L, -1L,
        ];
    }

    public object[] PutRight(string group, RequestId rid, bool counts, long tokens)
    {
        if (tokens > TillModel.UnitsMax)
        {
            return [(long)TillCode.BadArgument, 0L, 0L];
        }

        if (!_taken.Remove((group, rid), out var taken))
        {
            return [(long)TillCode.Repeated, 0L, 0L];
        }

        var at = _rates.GetValueOrDefault(group);
        var right = (
            Corrected(at.Requests, 1, counts ? 1 : 0, taken.RequestsUs, taken.RequestsTo),
            Corrected(at.Tokens, taken.Tokens, tokens, taken.TokensUs, taken.TokensTo));
        if (right != at)
        {
            _rates[group] = right;
        }

        return [(long)TillCode.Ok, 0L, 0L];
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

        var to = NowUs + Ahead(instant) + Length(used, limit);
        return to > NowUs + MinuteUs ? (null, to - NowUs - MinuteUs) : (to, 0);
    }

    private long Corrected(long instant, long taken, long used, long us, long to)
    {
        if (us == 0)
        {
            return instant;
        }

        var right = Math.Ceiling(us * ((double)used / taken));
        if (right > us)
        {
            return (long)Math.Min(NowUs + Ahead(instant) + right - us, NowUs + MinuteUs);
        }

        return Ahead(to) > 0 && Ahead(instant) > 0 ? instant - Math.Min(us - (long)right, Ahead(to)) : instant;
    }

    // What is more than a minute ahead was written before the clock jumped back.
    private long Ahead(long instant) => instant > NowUs && instant <= NowUs + MinuteUs ? instant - NowUs : 0;

    private static long Length(long used, int? perMinute) =>
        perMinute is { } limit ? (long)Math.Ceiling(MinuteUs * ((double)used / limit)) : 0;

    private sealed record Taken(long RequestsUs, long RequestsTo, long Tokens, long TokensUs, long TokensTo)
    {
        public override string ToString() => $"{RequestsUs}|{RequestsTo}|{Tokens}|{TokensUs}|{TokensTo}";
    }
}
