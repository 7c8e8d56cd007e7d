using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Forwarding.Hedging;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>Where one request stands with its attempts, and whether there may be another.</summary>
internal sealed class AttemptCourse(Exchange exchange, RoutingRules rules, GatewayOptions options)
{
    private bool _isRepeated;
    private bool _isRepeatable = true;

    public RoutingRules Rules => rules;

    public AttemptBudget Budget { get; } = AttemptBudget.Of(exchange, rules, options);

    /// <summary>Attempts that have begun.</summary>
    public int Begun { get; set; }

    /// <summary>What came of the last attempt that has something to say.</summary>
    public AttemptResult Last { get; private set; }

    /// <summary>An answer that is open already: its attempt comes next.</summary>
    public HedgeLeg? Opened { get; set; }

    /// <summary>Another step of the plan may be tried after the one that begins now.</summary>
    public bool HasOthers =>
        exchange.Plan.HasUntried && Budget.AllowsMore(Begun + 1, exchange.ElapsedMs);

    /// <summary>The same while it runs.</summary>
    public bool HasOthersNow =>
        Opened is not null || (exchange.Plan.HasUntried && Budget.AllowsMore(Begun, exchange.ElapsedMs));

    public TimeSpan PatienceFor(Candidate candidate) =>
        Budget.PatienceFor(exchange.ElapsedMs, HasOthers, candidate.Channel.Live.FirstTokenP95Ms);

    /// <summary>Notes an attempt's result.</summary>
    public void Note(in AttemptResult result)
    {
        // A channel that could not even be asked has less to say than one that failed; who lost a race says nothing.
        if (result.End != AnswerEnd.LostRace && (Begun <= 1 || result.Fault != AttemptFault.Untranslatable))
        {
            Last = result;
        }

        _isRepeatable &= IsWorthRepeating(result);
    }

    /// <summary>
    /// True when another attempt may follow this one. When every channel has failed in a way that passes, the first is
    /// asked once more.
    /// </summary>
    public bool GoesOn(in AttemptResult result)
    {
        if (Opened is { HasContent: true })
        {
            return true;
        }

        if (!result.CanMoveOn || exchange.IsClientGone)
        {
            return false;
        }

        if (Opened is not null)
        {
            return true;
        }

        if (!Budget.AllowsMore(Begun, exchange.ElapsedMs))
        {
            return false;
        }

        if (!exchange.Plan.HasUntried && _isRepeatable && !_isRepeated)
        {
            _isRepeated = true;
            exchange.Plan.Add(exchange.Plan[0]);
        }

        return exchange.Plan.HasUntried;
    }

    /// <summary>The step that begins now asks a channel a second time.</summary>
    public bool IsRepeated => _isRepeated;

    // Nobody was reached, so nothing is billed twice; an upstream that says what it has against a call says it twice.
    private static bool IsWorthRepeating(in AttemptResult result) =>
        result is { Class: FailureClass.Transient, Fault: AttemptFault.ConnectFailed or AttemptFault.ConnectTimeout };
}
