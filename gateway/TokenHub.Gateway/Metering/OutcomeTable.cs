using TokenHub.Core.Usage;

namespace TokenHub.Gateway.Metering;

/// <summary>The one place that says how a request ended, and with it whether its hold is settled or refunded.</summary>
internal static class OutcomeTable
{
    /// <param name="end">How the answer ended, or that none began.</param>
    /// <param name="hadContent">Something of the answer itself had come from the upstream.</param>
    /// <param name="hasUsage">The upstream reported tokens.</param>
    /// <param name="wasWhole">The protocol's own end mark had come, whatever happened after it.</param>
    public static Outcome Of(AnswerEnd end, bool hadContent, bool hasUsage, bool wasWhole) => end switch
    {
        AnswerEnd.Proper => hadContent || hasUsage ? Outcome.Completed : Outcome.Empty,
        AnswerEnd.FundsExhausted => Outcome.FundsExhausted,
        AnswerEnd.ClientGone when wasWhole && (hadContent || hasUsage) => Outcome.Completed,
        AnswerEnd.ClientGone => hadContent ? Outcome.ClientCut : Outcome.ClientCancelled,
        AnswerEnd.UpstreamError or AnswerEnd.UpstreamCut when hadContent => Outcome.UpstreamErrorAfterContent,
        _ => Outcome.UpstreamErrorBeforeContent,
    };
}
