using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Errors;

namespace TokenHub.Gateway.Forwarding;

/// <summary>What came of one try at one channel.</summary>
/// <param name="End">How the answer ended, when one was begun towards the client or is ready to be relayed.</param>
/// <param name="IsWhole">The answer waits in the exchange, to be relayed in one piece.</param>
/// <param name="CanMoveOn">Nothing has reached the client and another channel may do better.</param>
/// <param name="Error">What to tell the client when this was the last try.</param>
/// <param name="RetryAfter">The wait that the upstream asked for.</param>
/// <param name="Class">Whose fault it was.</param>
internal readonly record struct AttemptResult(
    AnswerEnd End,
    bool IsWhole,
    bool CanMoveOn,
    AttemptFault Fault,
    int Status,
    GatewayError Error,
    TimeSpan? RetryAfter,
    FailureClass Class = FailureClass.None)
{
    /// <summary>The channel is at fault, not the client or his request.</summary>
    public bool BlamesChannel => Class > FailureClass.Caller;

    /// <summary>The answer passed to the client, to its end or not.</summary>
    public static AttemptResult Passed(AnswerEnd end, int status, AttemptFault fault = AttemptFault.None) =>
        new(end, IsWhole: false, CanMoveOn: false, fault, status, default, null,
            end is AnswerEnd.UpstreamCut or AnswerEnd.UpstreamError ? FailureClass.Transient : FailureClass.None);

    /// <summary>The answer is in the exchange, whole.</summary>
    public static AttemptResult Whole(int status) =>
        new(AnswerEnd.Proper, IsWhole: true, CanMoveOn: false, AttemptFault.None, status, default, null);

    /// <summary>The upstream turned the request down as the client wrote it; its words wait in the exchange.</summary>
    public static AttemptResult Refused(int status, bool hasBody) => new(
        AnswerEnd.None, hasBody, CanMoveOn: false, AttemptFault.UpstreamStatus, status,
        new GatewayError(GatewayFault.UpstreamRefusedRequest, Status: status), null, FailureClass.Caller);

    /// <summary>The same, told in words of the gateway's own.</summary>
    public static AttemptResult Refused(int status, AttemptFault fault, in GatewayError error) =>
        new(AnswerEnd.None, IsWhole: false, CanMoveOn: false, fault, status, error, null, FailureClass.Caller);

    /// <summary>Nothing was sent: the request cannot be carried to this channel, but perhaps to another.</summary>
    public static AttemptResult Untranslatable(in GatewayError error) =>
        new(AnswerEnd.None, IsWhole: false, CanMoveOn: true, AttemptFault.Untranslatable, 0, error, null);

    /// <summary>There was no place for an attempt; without an error the client left while it waited for one.</summary>
    public static AttemptResult NotBegun(in GatewayError error) => error.IsNone ? ClientGone()
        : new(AnswerEnd.None, IsWhole: false, CanMoveOn: false, AttemptFault.None, 0, error, null);

    public static AttemptResult Failed(
        AttemptFault fault,
        GatewayFault error,
        int status = 0,
        TimeSpan? retryAfter = null,
        FailureClass failure = FailureClass.Transient) => new(
            AnswerEnd.None, IsWhole: false, CanMoveOn: true, fault, status,
            new GatewayError(error, RetryAfterMs: (int)Math.Min(retryAfter?.TotalMilliseconds ?? 0, int.MaxValue)),
            retryAfter, failure);

    /// <summary>Another attempt was faster.</summary>
    public static AttemptResult Lost(int status) =>
        new(AnswerEnd.LostRace, IsWhole: false, CanMoveOn: true, AttemptFault.None, status, default, null);

    /// <summary>The client left before anything reached it; the answer was read on all the same.</summary>
    public static AttemptResult Drained(int status) => Passed(AnswerEnd.Drained, status, AttemptFault.ClientGone);

    public static AttemptResult ClientGone(int status = 0) =>
        new(AnswerEnd.ClientGone, IsWhole: false, CanMoveOn: false, AttemptFault.ClientGone, status, default, null);
}
