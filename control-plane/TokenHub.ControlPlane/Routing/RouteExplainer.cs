using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Keys;
using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Routing;

/// <summary>
/// Says where a call would go that is not made: by the function that gateways choose with, over what they serve from
/// and what they share.
/// </summary>
internal sealed class RouteExplainer(SnapshotBuilder snapshots, KeyQueries keys, RoutingLive live)
{
    private const long TokensMax = 1L << 40;
    private const long InputTokensUsual = 1_000;

    // What gateways hold for at first, unless told otherwise.
    private const long StreamStepTokens = 512;
    private const long WholeStepTokens = 2_048;

    public async Task<RouteExplanation> ExplainAsync(ExplainRoute asked, Caller caller, CancellationToken cancellation)
    {
        Check(asked);
        var key = await FindKeyAsync(asked, caller, cancellation);
        var account = key?.UserId ?? ParseUser(asked, caller);
        var scope = key?.ToScope();
        var snapshot = await snapshots.BuildAsync(cancellation);
        var serving = snapshot.Channels
            .Where(entry => entry.Models.Any(pattern => ModelPattern.Matches(pattern, asked.Model))).ToList();
        var state = await live.ReadAsync(serving, cancellation);
        var groups = new RouteGroups(snapshot);
        var named = -1;
        var refusal = serving.Count == 0 ? "unknown_model"
            : scope is { Models.Length: > 0 }
                && !scope.Models.Any(pattern => ModelPattern.Matches(pattern, asked.Model)) ? "model_not_allowed"
            : asked.Group is { } name && !(groups.TryFind(name, out named)
                && groups.IsOpen(named, account, scope?.Groups ?? [])) ? "unknown_group"
            : null;
        ExplainedChannel[] channels =
        [
            .. serving.Select(entry => Explained(
                entry, snapshot, groups, state, asked, named, refusal is null ? account : 0, scope)),
        ];
        return refusal is null
            ? Explain(asked, snapshot, groups, channels, state, account, named, caller)
            : Refused(asked, snapshot, refusal, state);
    }

    private static void Check(ExplainRoute asked)
    {
        var checks = new FieldChecks();
        checks.Require(ModelNames.IsName(asked.Model), "model", "bad_model", "must be a model name");
        checks.Range(asked.InputTokens, "input_tokens", 0, TokensMax);
        checks.Range(asked.MaxTokens, "max_tokens", 1, TokensMax);
        checks.Require(
            asked.Group is null || GroupNames.IsName(asked.Group), "group", "bad_group", "is no name of a group");
        checks.Require(
            asked.Conversation is null || WireId.TryParse(WireId.Channel, asked.Conversation, out _),
            "conversation", "bad_id", "must be a channel id such as chn_1001");
        TextRules.OneOf(checks, asked.Protocol, "protocol", "chat", "responses", "messages", "gemini");
        checks.ThrowIfAny();
    }

    private async Task<KeyRow?> FindKeyAsync(ExplainRoute asked, Caller caller, CancellationToken cancellation)
    {
        if (asked.KeyId is null)
        {
            return null;
        }

        var row = WireId.TryParse(WireId.Key, asked.KeyId, out var id)
            ? await keys.FindAsync(id, caller.OnlyUser, cancellation) : null;
        return row is { IsDeleted: false } ? row
            : throw RefusedException.Field("key_id", "unknown_key", "is not a key");
    }

    private static long ParseUser(ExplainRoute asked, Caller caller)
    {
        if (asked.UserId is null)
        {
            return caller.UserId;
        }

        return WireId.TryParse(WireId.User, asked.UserId, out var id)
            && (caller.OnlyUser is null || id == caller.UserId)
            ? id
            : throw RefusedException.Field("user_id", "unknown_user", "is not a user");
    }

    private static ExplainedChannel Explained(
        ChannelEntry entry, Snapshot snapshot, RouteGroups groups, RoutingState state, ExplainRoute asked, int named,
        long account, KeyScope? scope)
    {
        var members = groups.Of(entry);
        return new ExplainedChannel(
            entry, PriceResolution.Resolve(snapshot.Prices, snapshot.FallbackPrice, entry.Id, asked.Model).Price,
            state.Channels.GetValueOrDefault(entry.Id) ?? new ChannelState(), members)
        {
            Group = named < 0 ? groups.CommonOf(members, account, scope?.Groups ?? [])
                : members.Contains(named) ? named : RouteGroups.Closed,
            IsInScope = scope is not { Channels.Length: > 0 } || scope.Channels.Contains(entry.Id),
            Client = ExplainViews.DialectOf(asked.Protocol),
            Model = asked.Model,
        };
    }

    private static RouteExplanation Explain(
        ExplainRoute asked, Snapshot snapshot, RouteGroups groups, ExplainedChannel[] channels, RoutingState state,
        long account, int named, Caller caller)
    {
        var (input, output) = (asked.InputTokens ?? InputTokensUsual, StepTokens(asked));
        var bound = -1;
        if (WireId.TryParse(WireId.Channel, asked.Conversation, out var boundTo))
        {
            bound = Array.FindIndex(channels, c => c.Entry.Id == boundTo && c.Group != RouteGroups.Closed);
        }

        var policy = named >= 0 ? groups[named].Policy : snapshot.Routing.Policy;
        RouteInput[] inputs = [.. channels.Select(channel => channel.ToInput(groups))];
        var trial = new RouteTrial(inputs, [.. channels.Select(channel => channel.Group)], new RouteCall
        {
            Policy = policy,
            Now = ExplainedChannel.Now,
            Caller = RouteChance.OfCaller(account, RouteChance.OfName(asked.Model)),
            InputTokens = input,
            OutputTokens = asked.MaxTokens ?? output,
            StepsMax = RoutingRules.StepsFor(snapshot.Routing.AttemptsMax),
            BoundAt = bound,
        });
        var views = new ExplainViews(channels, inputs, trial, groups, caller, (input + ((input + 9) / 10), output));
        var holds = trial.Order.Select(at => views.HoldOf(at)).OfType<Usd>().ToList();
        return Answer(asked, policy, snapshot, state) with
        {
            Refusal = trial.Order.Count > 0 ? null
                : channels.All(channel => channel.Price is null) ? "unpriced" : "no_channel",
            Group = trial.Order.Count > 0 && channels[trial.Order[0]].Group is >= 0 and var group
                ? groups[group].Name : null,
            Reason = EnumWords.Of(trial.Trace.Reason),
            Hold = holds.Count > 0 ? holds.Aggregate(Usd.Max) : null,
            Candidates = views.All(),
        };
    }

    private static RouteExplanation Refused(
        ExplainRoute asked, Snapshot snapshot, string refusal, RoutingState state) =>
        Answer(asked, snapshot.Routing.Policy, snapshot, state) with { Refusal = refusal };

    private static RouteExplanation Answer(
        ExplainRoute asked, RoutingPolicy policy, Snapshot snapshot, RoutingState state) => new()
        {
            Model = asked.Model,
            Protocol = asked.Protocol ?? "chat",
            Policy = ChannelWords.WordOf(policy),
            Reason = EnumWords.Of(RouteReason.None),
            AttemptsMax = snapshot.Routing.AttemptsMax,
            Candidates = [],
            Unknown = state.Unknown,
        };

    private static long StepTokens(ExplainRoute asked) => asked.Stream == true
        ? Math.Min(asked.MaxTokens ?? StreamStepTokens, StreamStepTokens)
        : asked.MaxTokens ?? WholeStepTokens;
}
