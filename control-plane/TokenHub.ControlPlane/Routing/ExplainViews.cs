using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Rules;
using TokenHub.ControlPlane.Wire;
using TokenHub.Core.Money;
using TokenHub.Core.Routing;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Routing;

/// <summary>
/// From what a trial found to what the caller may see of it: of others' channels no name and no state.
/// </summary>
internal sealed class ExplainViews(
    ExplainedChannel[] channels, RouteInput[] inputs, RouteTrial trial, RouteGroups groups, Caller caller,
    (long Input, long Output) held)
{
    public static Dialect DialectOf(string? protocol) => protocol switch
    {
        "responses" => Dialect.Responses,
        "messages" => Dialect.Anthropic,
        "gemini" => Dialect.Gemini,
        _ => Dialect.Chat,
    };

    public Usd? HoldOf(int at) => channels[at].Hold(groups, held.Input, held.Output);

    /// <summary>First those that are tried, in order.</summary>
    public IReadOnlyList<CandidateView> All() =>
    [
        .. trial.Order.Select((at, place) => ViewOf(at, place + 1)),
        .. Enumerable.Range(0, channels.Length).Except(trial.Order).Where(MayBeSeen)
            .OrderBy(VerdictOf, StringComparer.Ordinal)
            .Select(at => ViewOf(at, place: null)),
    ];

    // That there is a group which is not for him is no member's business.
    private bool MayBeSeen(int at) => caller.OnlyUser is not { } user
        || channels[at].Entry.OwnerAccount == user || channels[at].Group != RouteGroups.Closed;

    private CandidateView ViewOf(int at, int? place)
    {
        var (channel, input) = (channels[at], inputs[at]);
        var view = new CandidateView
        {
            Place = place,
            Verdict = VerdictOf(at),
            FirstShare = trial.FirstShareOf(at),
            IsOwnProtocol = channel.IsOwn,
            Input = PricePerMillion.Of(channel.Price?.Input),
            Output = PricePerMillion.Of(channel.Price?.Output),
            GroupFactor = FactorText.Format(channel.Factors(groups).GroupBp),
            LiveFactor = FactorText.Format(
                (int)((long)channel.State.SurgeBp * channel.State.FireSaleBp / PriceFactors.Once)),
            Hold = HoldOf(at),
        };
        return caller.OnlyUser is { } user && channel.Entry.OwnerAccount != user ? view : view with
        {
            ChannelId = WireId.Format(WireId.Channel, channel.Entry.Id),
            Name = channel.Entry.Name,
            Groups = channel.Entry.Groups,
            Priority = channel.Entry.Priority,
            Weight = channel.Entry.Weight,
            LiveScore = RouteScore.LiveOf(input),
            SlotsMax = channel.Entry.MaxConcurrency,
            SlotsUsed = channel.State.SlotsUsed,
            LeftBp = channel.State.LeftBp,
            FailedBp = channel.State.FailedBp,
            FirstTokenMs = channel.State.FirstTokenMs,
        };
    }

    private string VerdictOf(int at)
    {
        var channel = channels[at];
        var verdict = RouteScore.VerdictOf(inputs[at], ExplainedChannel.Now);
        return verdict switch
        {
            RouteVerdict.OutOfScope => "out_of_scope",
            RouteVerdict.OtherCall => channel.Price is null ? "unpriced" : "other_call",
            _ when trial.Order.Count > 0 && channel.Group != channels[trial.Order[0]].Group => "other_group",
            RouteVerdict.Full => "full",
            RouteVerdict.Resting => "resting",
            RouteVerdict.Exhausted => "exhausted",
            _ => "available",
        };
    }
}
