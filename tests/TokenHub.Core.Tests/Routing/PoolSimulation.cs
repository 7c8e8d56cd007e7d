using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;

namespace TokenHub.Core.Tests.Routing;

/// <summary>
/// A pool of accounts of one provider and conversations that come and go, by a seed: each account has places for so
/// many calls at once, a quota window in money, and a prompt cache that forgets after five minutes without use.
/// </summary>
internal sealed class PoolSimulation
{
    private const long Dollar = 100_000_000;
    private const long InputPrice = 3 * Dollar;
    private const long WritePrice = InputPrice * 5 / 4;
    private const long ReadPrice = InputPrice / 10;
    private const long OutputPrice = 15 * Dollar;
    private const long CacheMs = 5 * 60_000;

    // What all conversations of one agent begin with: its system text and its tools.
    private const long SharedTokens = 12_000;

    private readonly PriorityQueue<Talk, (long At, int Number)> _next = new();
    private readonly Account[] _accounts;
    private readonly bool _isBinding;
    private readonly Random _chance;

    private PoolSimulation(int seed, int accounts, int slots, long window, bool isBinding, int talks, int turns)
    {
        // Two of them, so that conversations are the same however they are routed.
        var random = new Random(seed);
        _chance = new Random(seed + 1);
        _isBinding = isBinding;
        _accounts = [.. Enumerable.Range(0, accounts).Select(_ => new Account(slots, window))];
        for (var i = 0; i < talks; i++)
        {
            var talk = new Talk(i, random, turns);
            _next.Enqueue(talk, (talk.StartMs, i));
        }
    }

    public long PromptTokens { get; private set; }

    public long CacheReads { get; private set; }

    public int Switches { get; private set; }

    public int Refused { get; private set; }

    public double HitRate => (double)CacheReads / PromptTokens;

    public long MostUsed => _accounts.Max(account => account.Used);

    public long AllUsed => _accounts.Sum(account => account.Used);

    public static PoolSimulation Run(
        int seed, int accounts, int slots, long window, bool isBinding, int talks = 40, int turns = 20)
    {
        var simulation = new PoolSimulation(seed, accounts, slots, window, isBinding, talks, turns);
        while (simulation._next.TryDequeue(out var talk, out var when))
        {
            simulation.Serve(talk, when.At);
        }

        return simulation;
    }

    private void Serve(Talk talk, long now)
    {
        var turn = talk.Turns[talk.Turn];
        if (Choose(talk, turn, now) is not { } account)
        {
            Refused++;
            return;
        }

        Switches += talk.Bound is not null && talk.Bound != account ? 1 : 0;
        var begins = now + account.WaitMs(now);
        var read = account.Read(talk.Number, turn.Prompt, begins);
        var cost = CostOf(read, turn.Prompt - read, turn.Output);
        var ends = begins + 1_200 + (turn.Output * 1000 / 80);
        account.Serve(cost, ends);
        (PromptTokens, CacheReads) = (PromptTokens + turn.Prompt, CacheReads + read);

        // As the gateway learns it from the usage of an answer.
        var usage = new TokenUsage { Input = turn.Prompt, CacheRead = read, CacheWrite5m = turn.Prompt - read };
        talk.Bound = account;
        talk.CachedTokens = PromptCache.TokensAfter(Dialect.Anthropic, usage);
        talk.UsedMs = ends;
        if (++talk.Turn < talk.Turns.Count)
        {
            _next.Enqueue(talk, (ends + talk.Turns[talk.Turn].PauseMs, talk.Number));
        }
    }

    // The bound account while it is worth it; else the one with most left of its window that has a place soonest.
    private Account? Choose(Talk talk, Turn turn, long now)
    {
        var able = _accounts.Where(a => a.HasRoom(CostOf(0, turn.Prompt, turn.Output))).ToList();
        if (!_isBinding)
        {
            return able.Count == 0 ? null : able[_chance.Next(able.Count)];
        }

        var best = able.OrderBy(a => a.WaitMs(now)).ThenBy(a => a.Used).ThenBy(a => Array.IndexOf(_accounts, a))
            .FirstOrDefault();
        if (talk.Bound is not { } bound || !able.Contains(bound) || best is null || best == bound)
        {
            return best;
        }

        var call = new SwitchTerms(
            turn.Prompt, turn.Output, talk.CachedTokens,
            PromptCache.ChanceBp(CacheLife.FiveMinutes, now - talk.UsedMs), new RoutingRules().WaitUnitsPerHour);
        return SwitchPrice.IsWorthLeaving(call, Terms(bound, now), Terms(best, now)) ? best : bound;
    }

    private static ChannelTerms Terms(Account account, long now) =>
        new(WritePrice, ReadPrice, OutputPrice, account.WaitMs(now) + 1_200, 0, 0);

    private static long CostOf(long read, long written, long output) =>
        ((read * ReadPrice) + (written * WritePrice) + (output * OutputPrice)) / 1_000_000;

    private sealed class Account(int slots, long window)
    {
        private readonly List<long> _ends = [];
        private readonly Dictionary<int, (long Tokens, long UsedMs)> _cache = [];

        public long Used { get; private set; }

        public bool HasRoom(long cost) => Used + cost <= window;

        public long WaitMs(long now)
        {
            _ends.RemoveAll(end => end <= now);
            return _ends.Count < slots ? 0 : _ends.Order().ElementAt(_ends.Count - slots) - now;
        }

        // The longest cached beginning: of the conversation itself, else what it has in common with all.
        public long Read(int talk, long prompt, long now)
        {
            var read = Math.Max(Alive(talk, now), Alive(-1, now));
            (_cache[talk], _cache[-1]) = ((prompt, now), (SharedTokens, now));
            return Math.Min(read, prompt);
        }

        public void Serve(long cost, long ends)
        {
            Used += cost;
            _ends.Add(ends);
        }

        private long Alive(int talk, long now) =>
            _cache.TryGetValue(talk, out var kept) && now - kept.UsedMs < CacheMs ? kept.Tokens : 0;
    }

    private sealed record Turn(long Prompt, long Output, long PauseMs);

    private sealed class Talk
    {
        public Talk(int number, Random random, int turns)
        {
            Number = number;
            StartMs = random.Next(15 * 60_000);
            var prompt = SharedTokens + random.Next(500, 4_000);
            for (var i = 0; i < turns; i++)
            {
                var output = random.Next(100, 1_200);

                // An agent goes on at once as a rule; now and then a person thinks, or goes for coffee.
                var pause = random.Next(100) switch
                {
                    < 70 => random.Next(500, 15_000),
                    < 97 => random.Next(15_000, 180_000),
                    _ => random.Next(240_000, 900_000),
                };
                Turns.Add(new Turn(prompt, output, pause));
                prompt += output + random.Next(200, 5_000);
            }
        }

        public int Number { get; }

        public long StartMs { get; }

        public List<Turn> Turns { get; } = [];

        public int Turn { get; set; }

        public Account? Bound { get; set; }

        public long CachedTokens { get; set; }

        public long UsedMs { get; set; }
    }
}
