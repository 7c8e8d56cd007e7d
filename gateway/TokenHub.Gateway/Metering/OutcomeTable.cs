using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Metering;

/// <summary>
/// The one place that says how an attempt, and with it its request, ended: whether the hold is settled or given back.
/// The table for readers stands in gateway/outcomes.md.
/// </summary>
internal static class OutcomeTable
{
    /// <param name="end">How the answer ended, or that none began.</param>
    /// <param name="fault">Why the attempt failed, if it did.</param>
    /// <param name="hadContent">Something of the answer itself was passed on to the client.</param>
    /// <param name="hasUsage">The upstream reported tokens.</param>
    /// <param name="wasWhole">The protocol's own end mark had come, whatever happened after it.</param>
    public static Outcome Of(AnswerEnd end, AttemptFault fault, bool hadContent, bool hasUsage, bool wasWhole) =>
        end switch
        {
            AnswerEnd.None when fault == AttemptFault.EmptyAnswer => Outcome.Empty,
            AnswerEnd.Proper => hadContent || hasUsage ? Outcome.Completed : Outcome.Empty,
            AnswerEnd.StopSequence => Outcome.Completed,
            AnswerEnd.FundsExhausted => Outcome.FundsExhausted,
            AnswerEnd.LostRace => Outcome.LosingHedge,

            // Before the first byte nothing was served to anybody, whatever the upstream had ready.
            AnswerEnd.ClientGone when wasWhole && hadContent => Outcome.Completed,
            AnswerEnd.ClientGone or AnswerEnd.Drained => hadContent ? Outcome.ClientCut : Outcome.ClientCancelled,
            AnswerEnd.UpstreamError or AnswerEnd.UpstreamCut when hadContent => Outcome.UpstreamErrorAfterContent,
            _ => Outcome.UpstreamErrorBeforeContent,
        };
}
