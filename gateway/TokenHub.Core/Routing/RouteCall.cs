using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Routing;

/// <summary>A call for which channels are chosen.</summary>
public readonly record struct RouteCall()
{
    public RoutingPolicy Policy { get; init; }

    /// <summary>On the clock of the inputs' times.</summary>
    public long Now { get; init; }

    /// <summary>All chance in the choice comes from here: the same number, the same choice.</summary>
    public ulong Random { get; init; }

    /// <summary>Stands for caller and model, the same at every gateway.</summary>
    public ulong Caller { get; init; }

    /// <summary>Tokens of the prompt by which prices are compared.</summary>
    public double InputTokens { get; init; } = 1;

    /// <summary>The same of the answer.</summary>
    public double OutputTokens { get; init; } = 1;

    /// <summary>Steps wanted at most.</summary>
    public int StepsMax { get; init; } = RoutingRules.AttemptsLimit;

    /// <summary>The candidate that the conversation is bound to; -1 for none.</summary>
    public int BoundAt { get; init; } = -1;

    /// <summary>No other may serve while the binding lives.</summary>
    public bool IsPinned { get; init; }
}

/// <summary>A chosen candidate, and how it stood.</summary>
/// <param name="At">Its index among the candidates.</param>
public readonly record struct RoutePick(int At, RouteVerdict Verdict);

/// <summary>
/// Where the choice reads candidates. A struct, so that reading is compiled into the choice.
/// </summary>
public interface IRoutePool
{
    public RouteInput Read(int at);

    /// <summary>
    /// A conversation is bound to the first: true when what its prompt cache there is worth is less than what the
    /// second offers, which can serve at once.
    /// </summary>
    /// <param name="isFull">The first has no slot free.</param>
    public bool IsWorthLeaving(int boundAt, int otherAt, bool isFull);
}

/// <summary>Candidates in a row; a bound channel is left when it is full.</summary>
public readonly struct RouteInputs(RouteInput[] inputs) : IRoutePool
{
    public RouteInput Read(int at) => inputs[at];

    public bool IsWorthLeaving(int boundAt, int otherAt, bool isFull) => isFull;
}
