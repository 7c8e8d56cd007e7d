using System.Runtime.CompilerServices;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Telemetry;

namespace TokenHub.Gateway.Affinity;

/// <summary>
/// Keeps conversations where their prompts are cached: before the choice it finds the channel that a request's
/// conversation is bound to, after the answer it binds the conversation to the channel that served it.
/// </summary>
internal sealed class ConversationBinder(BindingStore store, ConversationCounts counts, TimeProvider time)
{
    // A channel may be quick as a rule: below this no first token is slow.
    private const int SlowLeastMs = 2_000;
    private const int SlowRunsMax = 2;

    // After so many answers without a cached token, where there should have been some, none are counted on.
    private const int MissesMax = 2;

    // What only its prefix names may never come again: single questions do not, and would fill Redis for an hour each.
    private static readonly TimeSpan FirstLife = TimeSpan.FromMinutes(5);

    private RuleSet _rules = RuleSet.Empty;

    /// <summary>The conversation of a request whose body was read; without a rule when it is of none.</summary>
    public ValueTask<AffinityMatch> FindAsync(Exchange exchange, Snapshot settings)
    {
        var rules = RulesOf(settings);
        if (rules.Rules.Length == 0 || ConversationKeys.Find(exchange, rules, out var key) is not { } rule)
        {
            return default;
        }

        return store.TryFindLocal(key, out var binding)
            ? new ValueTask<AffinityMatch>(Match(exchange, rules, rule, key, binding))
            : FindSlowAsync(exchange, rules, rule, key);
    }

    /// <summary>Takes note of an answer. Does not wait.</summary>
    public void Note(Exchange exchange)
    {
        var match = exchange.Affinity;
        if (match.Rule is not { } rule || exchange.Serving is not { Channel: var channel } || !HasServed(exchange))
        {
            return;
        }

        var before = match.Channel == channel.Id ? match.Binding : null;
        if (match.IsBound && before is null && !Serves(match.Channel, exchange.Model))
        {
            // Another model, which the conversation's channel does not have, is no reason to move the conversation.
            return;
        }

        var slowRuns = SlowRunsOf(exchange, rule, channel, before);
        if (slowRuns >= SlowRunsMax)
        {
            counts.Unbound();
            store.Remove(match.Key);
            return;
        }

        Count(match, before);
        var next = Next(exchange, match, before, slowRuns);
        var write = before is not null ? BindingWrite.Renewal
            : match.IsBound || match.IsStale ? BindingWrite.Move
            : BindingWrite.First;
        store.Keep(match.Key, next, next.IsBrief ? FirstLife : TimeSpan.FromSeconds(rule.TtlSeconds), write);
    }

    private static bool IsBrief(in AffinityMatch match, CacheLife life) => !match.IsBound
        && match.Rule!.Source == AffinitySource.Prefix && life != CacheLife.OneHour
        && match.Rule.TtlSeconds > FirstLife.TotalSeconds;

    private void Count(in AffinityMatch match, Binding? before)
    {
        if (before is not null)
        {
            counts.Kept();
        }
        else if (match.IsBound)
        {
            counts.Moved(match.CachedTokens * match.CachedBp / 10_000);
        }
        else
        {
            counts.Begun();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AffinityMatch> FindSlowAsync(
        Exchange exchange, RuleSet rules, AffinityRule rule, UInt128 key) =>
        Match(exchange, rules, rule, key, await store.FindAsync(key));

    // What was flushed, has left the snapshot, or lies outside what the key may use, is not bound.
    private AffinityMatch Match(Exchange exchange, RuleSet rules, AffinityRule rule, UInt128 key, Binding? binding)
    {
        if (binding is null || binding.RuleGeneration != rule.Generation
            || rules.Channel(binding.Channel) is not { } channel
            || channel.AffinityGeneration != binding.ChannelGeneration
            || !exchange.Key!.AllowsChannel(channel.Id)
            || (exchange.Group is { } group && !channel.Groups.Contains(group, StringComparer.Ordinal)))
        {
            return new AffinityMatch(rule, key, 0, 0, 0, IsStale: binding is not null);
        }

        var age = Math.Max(0, NowMs() - binding.UsedMs);
        return new AffinityMatch(
            rule, key, channel.Id, binding.CachedTokens, age, PromptCache.ChanceBp(binding.Life, age), binding);
    }

    private RuleSet RulesOf(Snapshot settings)
    {
        var rules = Volatile.Read(ref _rules);
        if (!ReferenceEquals(rules.Snapshot, settings))
        {
            // Two requests may both do this for a new snapshot; both come to the same.
            rules = new RuleSet(settings);
            Volatile.Write(ref _rules, rules);
        }

        return rules;
    }

    private bool Serves(long channel, string model)
    {
        if (Volatile.Read(ref _rules).Channel(channel) is not { } entry)
        {
            return false;
        }

        foreach (var pattern in entry.Models)
        {
            if (ModelPattern.Matches(pattern, model))
            {
                return true;
            }
        }

        return false;
    }

    // A client that left, or whose money ended, has had the prompt read all the same.
    private static bool HasServed(Exchange exchange) =>
        Served(exchange).Outcome is Outcome.Completed or Outcome.ClientCut or Outcome.FundsExhausted;

    // The last attempt of the channel that served: a hedge that lost may have ended after it.
    private static AttemptRecord Served(Exchange exchange)
    {
        for (var i = exchange.Attempts.Count - 1; i >= 0; i--)
        {
            var attempt = exchange.Attempts[i];
            if (attempt.Outcome != Outcome.LosingHedge)
            {
                return attempt.Channel == exchange.Serving!.Channel.Id ? attempt : default;
            }
        }

        return default;
    }

    private int SlowRunsOf(Exchange exchange, AffinityRule rule, UpstreamChannel channel, Binding? before)
    {
        // An answer in one piece has no first token.
        var first = exchange.IsStream ? FirstTokenMs(exchange) : -1;
        if (first < 0)
        {
            return before?.SlowRuns ?? 0;
        }

        if (first > rule.UnbindAfterMs)
        {
            return SlowRunsMax;
        }

        var times = Volatile.Read(ref _rules).Snapshot.Routing.SlowFirstTokenTimes;
        var usual = Volatile.Read(ref channel.Live.FirstTokenMs);
        return !rule.IsPinned && usual > 0 && first > Math.Max(SlowLeastMs, (long)usual * times)
            ? (before?.SlowRuns ?? 0) + 1
            : 0;
    }

    // Of the attempt that served: what came before it was other channels' time.
    private static int FirstTokenMs(Exchange exchange) => Served(exchange) is { Channel: > 0 } served
        ? served.FirstTokenMs : -1;

    private Binding Next(Exchange exchange, in AffinityMatch match, Binding? before, int slowRuns)
    {
        var channel = exchange.Serving!.Channel;
        var attempt = Served(exchange);
        var usage = attempt.Usage;
        var asksOneHour = exchange.Facts.Traits.HasFlag(Protocols.Json.RequestTraits.CacheOneHour);
        var isMiss = usage.CacheRead == 0 && !attempt.IsCounted
            && before is { CachedTokens: > 0 } && match.CachedBp > 0;
        var life = PromptCache.LifeOf(channel.Provider, exchange.UpstreamDialect, asksOneHour);
        var misses = usage.CacheRead > 0 ? 0 : (before?.Misses ?? 0) + (isMiss ? 1 : 0);
        return new Binding
        {
            Channel = channel.Id,
            RuleGeneration = match.Rule!.Generation,
            ChannelGeneration = channel.Entry.AffinityGeneration,
            CachedTokens = misses < MissesMax ? PromptCache.TokensAfter(exchange.UpstreamDialect, usage) : 0,
            Life = life,
            IsBrief = IsBrief(match, life),
            UsedMs = NowMs(),
            Misses = misses,
            SlowRuns = slowRuns,
        };
    }

    private long NowMs() => time.GetUtcNow().ToUnixTimeMilliseconds();
}
