using System.Globalization;
using TokenHub.Core.Quota;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Redis.Channels;

namespace TokenHub.Redis.Tests.Channels;

/// <summary>One channel as the scripts are to keep it, in plain code.</summary>
internal sealed class SeatModel
{
    public const long SlackMs = 60_000;
    public const long KeptMs = 3_600_000;
    public const long LeaseMaxMs = 60_000;
    public const int SoonMs = 250;
    public const int LapsedMax = 128;
    private const long HourMs = 3_600_000;
    private const long MinuteUs = 60_000_000;

    public sealed record Window(long From, long To, long Used, long Held, long Since);

    public sealed record Place(long Fence, string Owner, long Tokens, long Cost);

    public Dictionary<string, Window> Windows { get; } = [];

    /// <summary>Null stands for a place that was given back before it was found.</summary>
    public Dictionary<string, Place?> Places { get; } = [];

    public Dictionary<string, long> Deadlines { get; } = [];
    public long? Epoch { get; set; }
    public long Fence { get; private set; }
    public long? FirstFence { get; private set; }
    public (long Requests, long Tokens)? Rates { get; private set; }
    public (long Hour, long Before, long Current)? Demand { get; private set; }

    private sealed class Claim(WindowClaim claim)
    {
        public WindowClaim Asked { get; } = claim;
        public Window State { get; set; } = new(claim.Period.StartMs, claim.Period.EndMs, 0, 0, 0);
        public bool IsCurrent { get; set; }

        public long Share(long tokens, long cost) => Asked.Kind switch
        {
            QuotaKind.Requests => 1, QuotaKind.Tokens => tokens, _ => cost,
        };
    }

    public void Lose()
    {
        Windows.Clear();
        (Epoch, Fence, FirstFence, Rates, Demand) = (null, 0, null, null, null);
    }

    public SeatReply Enter(long us, in SeatRequest seat, IReadOnlyList<WindowClaim> asked)
    {
        var (now, member) = (us / 1000, Member(seat.Rid, seat.Attempt));
        var (tokens, cost) = (seat.Tokens, seat.Cost.Units);
        if (Load(asked, seat.Epoch, now) is not { } claims)
        {
            return Report(SeatCode.NotCounted, 0, 0, [], now);
        }

        var isThere = Places.TryGetValue(member, out var place);
        if (isThere && place is null)
        {
            return Report(SeatCode.Gone, 0, 0, claims, now);
        }

        if (isThere && Deadlines[member] > now)
        {
            return Report(SeatCode.Repeated, 0, place!.Fence, claims, now);
        }

        if (claims.Any(claim => !claim.IsCurrent))
        {
            return Report(SeatCode.OtherPeriod, 0, 0, claims, now);
        }

        Lapse(claims, now);
        if (isThere)
        {
            Correct(claims, place!, place!.Tokens, place.Cost);
            Drop(member);
        }

        var (code, waitMs) = Refusal(us, seat, claims);
        if (code != SeatCode.Ok)
        {
            Save(claims);
            return Report(code, waitMs, 0, claims, now);
        }

        var fence = NextFence(us);
        Put(member, new Place(fence, $"{seat.GatewayNo}.{seat.BootNo}", tokens, cost), now + seat.LeaseMs);
        foreach (var claim in claims)
        {
            claim.State = claim.State with { Held = claim.State.Held + claim.Share(tokens, cost) };
        }

        Save(claims);
        if (seat.Rpm is not null || seat.Tpm is not null)
        {
            Rates = (Flow(Rates?.Requests ?? 0, us, 1, seat.Rpm).To!.Value,
                Flow(Rates?.Tokens ?? 0, us, tokens, seat.Tpm).To!.Value);
        }

        return Report(SeatCode.Ok, 0, fence, claims, now);
    }

    public SeatReply Leave(long us, in SeatReturn seat, IReadOnlyList<WindowClaim> asked)
    {
        var (now, member) = (us / 1000, Member(seat.Rid, seat.Attempt));
        if (Load(asked, seat.Epoch, now) is not { } claims)
        {
            return Report(SeatCode.NotCounted, 0, 0, [], now);
        }

        Lapse(claims, now);
        var code = SeatCode.Gone;
        var isThere = Places.TryGetValue(member, out var place);
        if (place is not null && (seat.Fence == 0 || seat.Fence == place.Fence))
        {
            code = SeatCode.Ok;
            Correct(claims, place, seat.Tokens, seat.Cost.Units);
            CorrectFlow(us, seat.Tpm, place.Tokens, seat.Tokens);
            Drop(member);
            if (seat.Fence == 0)
            {
                (Places[member], Deadlines[member]) = (null, -(now + KeptMs));
            }
        }
        else if (!isThere && !IsKnown(seat.Fence))
        {
            code = SeatCode.CountedWithoutPlace;
            foreach (var claim in claims)
            {
                claim.State = claim.State with { Used = claim.State.Used + claim.Share(seat.Tokens, seat.Cost.Units) };
            }

            (Places[member], Deadlines[member]) = (null, -(now + KeptMs));
        }

        if (code != SeatCode.Gone && claims.Count > 0)
        {
            var (hour, before, current) = DemandAt(now);
            Demand = (hour, before, current + claims[0].Share(seat.Tokens, seat.Cost.Units));
        }

        Save(claims);
        return Report(code, 0, 0, claims, now);
    }

    public (SeatReply Reply, long[] Fences) Renew(
        long us, long epoch, string owner, int leaseMs, IReadOnlyList<WindowClaim> asked, IReadOnlyList<HeldSeat> seats)
    {
        var now = us / 1000;
        if (Load(asked, epoch, now) is not { } claims)
        {
            return (Report(SeatCode.NotCounted, 0, 0, [], now), new long[seats.Count]);
        }

        ShortenLeases(now);
        var fences = new long[seats.Count];
        for (var i = 0; i < fences.Length; i++)
        {
            fences[i] = RenewOne(us, owner, leaseMs, claims, seats[i]);
        }

        Lapse(claims, now);
        Save(claims);
        return (Report(SeatCode.Ok, 0, 0, claims, now), fences);
    }

    public SeatReply Recount(long us, long epoch, IReadOnlyList<WindowClaim> asked)
    {
        var now = us / 1000;
        if (Epoch > epoch)
        {
            return Report(SeatCode.Repeated, 0, 0, [], now);
        }

        var isOlder = (Epoch ?? 0) < epoch;
        var claims = asked.Select(claim => new Claim(claim)).ToList();
        var missing = new List<Claim>();
        foreach (var claim in claims)
        {
            if (!IsCounted(claim, now))
            {
                claim.State = claim.State with { Used = claim.Asked.Amount };
                missing.Add(claim);
            }
            else if (isOlder && claim.State.From == claim.Asked.Period.StartMs)
            {
                claim.State = claim.State with { Used = Math.Max(claim.State.Used, claim.Asked.Amount) };
            }
        }

        foreach (var claim in missing)
        {
            var held = Places.Values.OfType<Place>().Sum(place => claim.Share(place.Tokens, place.Cost));
            claim.State = claim.State with { Held = held };
        }

        if (missing.Count > 0)
        {
            foreach (var name in Windows.Where(pair => pair.Value.To <= now).Select(pair => pair.Key).ToList())
            {
                Windows.Remove(name);
            }
        }

        Epoch = epoch;
        Save(claims);
        return Report(missing.Count > 0 ? SeatCode.Ok : SeatCode.Repeated, 0, 0, claims, now);
    }

    public List<string> Lines()
    {
        var lines = new List<string>();
        void Add(string field, string? value)
        {
            if (value is not null)
            {
                lines.Add($"q {field} {value}");
            }
        }

        Add("ep", Epoch?.ToString(CultureInfo.InvariantCulture));
        Add("f", Fence == 0 ? null : Fence.ToString(CultureInfo.InvariantCulture));
        Add("f0", FirstFence?.ToString(CultureInfo.InvariantCulture));
        Add("rt", Rates is { } rates ? $"{rates.Requests}|{rates.Tokens}" : null);
        Add("d", Demand is { } demand ? $"{demand.Hour}|{demand.Before}|{demand.Current}" : null);
        foreach (var (name, window) in Windows)
        {
            Add("w:" + name, $"{window.From}|{window.To}|{window.Used}|{window.Held}|{window.Since}");
        }

        lines.AddRange(Places.Select(pair => pair.Value is { } place
            ? $"p {pair.Key} {place.Fence}|{place.Owner}|{place.Tokens}|{place.Cost}"
            : $"p {pair.Key} x"));
        lines.AddRange(Deadlines.Select(pair => $"z {pair.Key} {pair.Value}"));
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public static string Member(RequestId rid, int attempt) => $"{rid.ToString()[RequestId.Prefix.Length..]}.{attempt}";

    private (SeatCode Code, int WaitMs) Refusal(long us, in SeatRequest seat, List<Claim> claims)
    {
        var now = us / 1000;
        if (seat.Slots is { } slots && SlotsUsed(now) >= slots)
        {
            ShortenLeases(now);
            return (SeatCode.Full, SoonMs);
        }

        if (seat.Rpm is not null || seat.Tpm is not null)
        {
            var (requestsAt, requestsWait) = Flow(Rates?.Requests ?? 0, us, 1, seat.Rpm);
            var (tokensAt, tokensWait) = Flow(Rates?.Tokens ?? 0, us, seat.Tokens, seat.Tpm);
            if (requestsAt is null || tokensAt is null)
            {
                return (SeatCode.Rate, (int)((Math.Max(requestsWait, tokensWait) + 999) / 1000));
            }
        }

        foreach (var claim in claims)
        {
            var (state, needed) = (claim.State, claim.Share(seat.Tokens, seat.Cost.Units));
            if (state.Used + state.Held + needed > claim.Asked.Amount)
            {
                var untilEnd = (int)Math.Clamp(state.To - now, 1, 1_000_000_000);
                return state.Used >= claim.Asked.Amount ? (SeatCode.Exhausted, untilEnd)
                    : (SeatCode.NoRoom, state.Used + needed <= claim.Asked.Amount ? SoonMs : untilEnd);
            }
        }

        return (SeatCode.Ok, 0);
    }

    private long RenewOne(long us, string owner, int leaseMs, List<Claim> claims, in HeldSeat seat)
    {
        var (member, deadline) = (Member(seat.Rid, seat.Attempt), (us / 1000) + leaseMs);
        if (Places.TryGetValue(member, out var place))
        {
            if (place is null || place.Fence != seat.Fence)
            {
                return 0;
            }

            Deadlines[member] = deadline;
            return place.Fence;
        }

        if (IsKnown(seat.Fence))
        {
            return 0;
        }

        var fence = NextFence(us);
        Put(member, new Place(fence, owner, seat.Tokens, seat.Cost.Units), deadline);
        foreach (var claim in claims)
        {
            claim.State = claim.State with { Held = claim.State.Held + claim.Share(seat.Tokens, seat.Cost.Units) };
        }

        return fence;
    }

    private List<Claim>? Load(IReadOnlyList<WindowClaim> asked, long epoch, long now)
    {
        var claims = asked.Select(claim => new Claim(claim)).ToList();
        return claims.Count > 0 && (Epoch is null || Epoch < epoch || claims.Any(claim => !IsCounted(claim, now)))
            ? null
            : claims;
    }

    private bool IsCounted(Claim claim, long now)
    {
        if (!Windows.TryGetValue(claim.Asked.Name, out var stored) || stored.From > now + SlackMs)
        {
            return false;
        }

        var isOfNow = claim.Asked.Period.Contains(now);
        var isNext = isOfNow && claim.Asked.Period.StartMs >= stored.To;
        claim.State = isNext ? claim.State with { Since = Fence } : stored;
        claim.IsCurrent = isOfNow || stored.From > now;
        return true;
    }

    private static void Correct(List<Claim> claims, Place place, long tokens, long cost)
    {
        foreach (var claim in claims.Where(claim => place.Fence > claim.State.Since))
        {
            claim.State = claim.State with
            {
                Held = Math.Max(0, claim.State.Held - claim.Share(place.Tokens, place.Cost)),
                Used = claim.State.Used + claim.Share(tokens, cost),
            };
        }
    }

    private void Lapse(List<Claim> claims, long now)
    {
        foreach (var (member, score) in Between(-now, now))
        {
            if (score > 0)
            {
                Deadlines[member] = -(now + KeptMs);
                continue;
            }

            if (Places[member] is { } place)
            {
                Correct(claims, place, place.Tokens, place.Cost);
            }

            Drop(member);
        }
    }

    private void ShortenLeases(long now)
    {
        foreach (var (member, _) in Between(now + LeaseMaxMs + 1, long.MaxValue))
        {
            Deadlines[member] = now + LeaseMaxMs;
        }
    }

    // No call looks at more of them.
    private List<KeyValuePair<string, long>> Between(long least, long most) => [.. Deadlines
        .Where(pair => pair.Value >= least && pair.Value <= most)
        .OrderBy(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(LapsedMax)];

    private static (long? To, long WaitUs) Flow(long instant, long us, long used, int? perMinute)
    {
        if (perMinute is not { } rate)
        {
            return (0, 0);
        }

        if (rate == 0)
        {
            return (null, MinuteUs);
        }

        var to = FlowFrom(instant, us) + FlowLength(used, rate);
        return to > us + MinuteUs ? (null, to - us - MinuteUs) : (to, 0);
    }

    private void CorrectFlow(long us, int? perMinute, long setAside, long tokens)
    {
        if (perMinute is not { } rate || rate == 0)
        {
            return;
        }

        var to = FlowFrom(Rates?.Tokens ?? 0, us) - FlowLength(setAside, rate) + FlowLength(tokens, rate);
        Rates = (Rates?.Requests ?? 0, Math.Min(Math.Max(to, 0), us + MinuteUs));
    }

    private static long FlowFrom(long instant, long us) => instant > us && instant <= us + MinuteUs ? instant : us;

    private static long FlowLength(long used, int rate) =>
        (long)Math.Ceiling(MinuteUs * ((double)Math.Min(used, rate) / rate));

    private (long Hour, long Before, long Current) DemandAt(long now)
    {
        var (hour, demand) = (now / HourMs, Demand ?? (0, 0, 0));
        return demand.Hour == hour ? demand : (hour, demand.Hour == hour - 1 ? demand.Current : 0, 0);
    }

    private SeatReply Report(SeatCode code, int waitMs, long fence, List<Claim> claims, long now)
    {
        if (claims.Count == 0)
        {
            return new SeatReply(code, waitMs, fence, now, SlotsUsed(now), 0, 0, default, 0);
        }

        var (_, before, current) = DemandAt(now);
        var part = (double)(HourMs - (now % HourMs)) / HourMs;
        var state = claims[0].State;
        return new SeatReply(
            code, waitMs, fence, now, SlotsUsed(now), state.Used, state.Held, new QuotaPeriod(state.From, state.To),
            (long)Math.Floor(before * part) + current);
    }

    private int SlotsUsed(long now) => Deadlines.Values.Count(deadline => deadline > now);

    private bool IsKnown(long fence) => FirstFence is { } first && fence > first;

    private long NextFence(long us)
    {
        if (Fence == 0)
        {
            (Fence, FirstFence) = (us, us);
        }

        return ++Fence;
    }

    private void Put(string member, Place place, long deadline) =>
        (Places[member], Deadlines[member]) = (place, deadline);

    private void Drop(string member)
    {
        Places.Remove(member);
        Deadlines.Remove(member);
    }

    private void Save(List<Claim> claims)
    {
        foreach (var claim in claims)
        {
            Windows[claim.Asked.Name] = claim.State;
        }
    }
}
