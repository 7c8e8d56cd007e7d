using TokenHub.Core.Money;
using TokenHub.Core.Requests;

namespace TokenHub.Gateway.Channels.Gate;

/// <summary>How a channel answers one who wants in.</summary>
internal enum GateCode : byte
{
    None = 0,

    /// <summary>A place is taken, or the channel has no limits.</summary>
    Ok,

    /// <summary>No slot is free.</summary>
    Full,

    /// <summary>A quota window is used up, or has no room for this call.</summary>
    Exhausted,

    /// <summary>The channel's requests or tokens a minute are used up.</summary>
    Rate,

    /// <summary>Redis cannot be asked, so only this gateway's own counts are known.</summary>
    Unavailable,
}

/// <param name="RetryAfterMs">When it may be worth to ask again; 0 when nothing is known.</param>
/// <param name="Fence">Of a place taken; 0 where nothing was written, so that nothing has to be given back.</param>
internal readonly record struct GateReply(GateCode Code, int RetryAfterMs, long Fence)
{
    public bool IsIn => Code is GateCode.Ok or GateCode.Unavailable;
}

/// <summary>
/// The limits of each channel over all gateways: slots, rates and quota windows, taken together or not at all.
/// </summary>
internal interface IChannelGate
{
    /// <summary>
    /// Takes a place for one attempt. What is given as tokens and cost is set aside in the windows until the place is
    /// given back, and is to be the most that the attempt can use. Asked again of the same attempt, it answers the
    /// same.
    /// </summary>
    /// <param name="attempt">From 1; together with the request it names the place.</param>
    public ValueTask<GateReply> EnterAsync(
        UpstreamChannel channel,
        RequestId rid,
        int attempt,
        long tokens,
        Usd cost,
        CancellationToken cancellationToken);

    /// <summary>
    /// Gives a place back with what was used in truth; does not wait, and is tried again until Redis has it.
    /// </summary>
    public void Leave(UpstreamChannel channel, RequestId rid, int attempt, long fence, long tokens, Usd cost);
}
