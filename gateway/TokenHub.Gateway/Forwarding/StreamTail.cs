using System.Runtime.CompilerServices;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// The end of a stream. A proper one passes as it came; one that was broken off ends with the dialect's error and a
/// connection that does not close cleanly, so that no client takes half an answer for a whole one.
/// </summary>
internal static class StreamTail
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public static async ValueTask<AttemptResult> EndAsync(StreamPump.Run run)
    {
        var exchange = run.Exchange;
        var status = run.Answer.Status;

        LastOfMoney.Finish(run);
        if (run.End == AnswerEnd.Proper && run.IsOutOfMoney)
        {
            run.End = AnswerEnd.FundsExhausted;
        }

        // Nothing follows, so the count of the last words is no guess any more: nobody pays for more than was served.
        run.Tap.Complete();
        var reader = run.Tap.Reader;
        if (run.End == AnswerEnd.Proper)
        {
            reader.EndRaw();
        }

        switch (run.End)
        {
            case AnswerEnd.ClientGone or AnswerEnd.Drained:
                exchange.Lifetime.Abort();
                return AttemptResult.Passed(run.End, status, AttemptFault.ClientGone);
            case AnswerEnd.FundsExhausted:
                return await EndForFundsAsync(run);
            case AnswerEnd.StopSequence:
                await EndProperlyAsync(run);
                return AttemptResult.Passed(AnswerEnd.StopSequence, status);
            case AnswerEnd.Proper or AnswerEnd.UpstreamCut
                when exchange.IsCrossing && (reader.HasError || run.Filter!.IsBroken):
                await EndTranslatedAsync(run);
                return AttemptResult.Passed(AnswerEnd.UpstreamError, status, AttemptFault.ErrorBody);
            case AnswerEnd.Proper when reader.HasError:
                await EndProperlyAsync(run);
                return AttemptResult.Passed(AnswerEnd.UpstreamError, status, AttemptFault.ErrorBody);
            case AnswerEnd.Proper or AnswerEnd.UpstreamCut when reader.IsWhole(exchange.UpstreamDialect):
                await EndProperlyAsync(run);
                return AttemptResult.Passed(AnswerEnd.Proper, status);
            default:
                return await EndCutAsync(run);
        }
    }

    private static async ValueTask EndProperlyAsync(StreamPump.Run run)
    {
        if (run.Filter is { } filter)
        {
            filter.Complete(run.Tap.Usage, run.Writer);
            await StreamPump.FlushAsync(run, run.Stop);
        }
    }

    private static async ValueTask<AttemptResult> EndForFundsAsync(StreamPump.Run run)
    {
        WriteEnding(run);
        await StreamPump.FlushAsync(run, run.Stop);
        return AttemptResult.Passed(AnswerEnd.FundsExhausted, run.Answer.Status);
    }

    private static void WriteEnding(StreamPump.Run run)
    {
        var usage = run.Tap.Usage;
        if (run.Filter?.TryEndForFunds(usage, run.Writer) ?? false)
        {
            return;
        }

        if (run.Edge.EndsInReturn)
        {
            run.Writer.GetSpan(1)[0] = (byte)'\n';
            run.Writer.Advance(1);
        }

        StreamEnding.Write(run, usage);
    }

    private static async ValueTask<AttemptResult> EndCutAsync(StreamPump.Run run)
    {
        var exchange = run.Exchange;
        var isIdle = exchange.Deadline.Missed == Wait.UpstreamBytes;
        var fault = isIdle ? AttemptFault.IdleTimeout : AttemptFault.CutMidStream;
        if (exchange.IsCrossing)
        {
            await EndTranslatedAsync(run);
            return AttemptResult.Passed(AnswerEnd.UpstreamCut, run.Answer.Status, fault);
        }

        if (run.Tap.Reader.IsRaw)
        {
            // Sound and subtitles have no words for an error: that the connection breaks off has to say it.
            await AbortAsync(run);
            return AttemptResult.Passed(AnswerEnd.UpstreamCut, run.Answer.Status, fault);
        }

        var cut = new GatewayError(GatewayFault.UpstreamCut);
        var error = ErrorTable.ToApiError(exchange.Dialect, cut, exchange.IdText);

        // A filter passes whole events only.
        var closesEvent = run.Filter is null && !run.Edge.IsAtEdge;
        ErrorBody.WriteStreamEvent(
            exchange.Dialect, run.Writer, error, closesEvent, run.Tap.Reader.UpstreamId);
        await AbortAsync(run);
        return AttemptResult.Passed(AnswerEnd.UpstreamCut, run.Answer.Status, fault);
    }

    // Whatever the upstream's own end was, the client's is no clean one.
    private static async ValueTask EndTranslatedAsync(StreamPump.Run run)
    {
        run.Filter!.TryFail(CrossingErrors.EndOf(run.Exchange, run.Tap.Reader), run.Writer);
        await AbortAsync(run);
    }

    private static async ValueTask AbortAsync(StreamPump.Run run)
    {
        // The run's own token has been cancelled by what ended it.
        using var limit = new CancellationTokenSource(run.Options.ClientWriteTimeout);
        await StreamPump.FlushAsync(run, limit.Token);
        run.Exchange.Lifetime.Abort();
    }
}
