using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Room five: tries the channels in order until one answers. Once a byte has reached the client there is no other
/// channel any more; before, any failure that is not the client's own moves on.
/// </summary>
internal sealed class Forwarder(
    UpstreamPool pool,
    ChannelHealth health,
    GatewayOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger log)
{
    private readonly StreamPump _pump = new(options);
    private readonly WholeAnswer _whole = new(options);

    public async ValueTask<AttemptResult> ForwardAsync(Exchange exchange)
    {
        var last = default(AttemptResult);
        for (var i = 0; i < GatewayOptions.AttemptsMax; i++)
        {
            var candidate = i == 0 ? exchange.First : exchange.Second;
            var stop = new CancellationTokenSource();
            if (candidate is null || !exchange.BeginAttempt(candidate, stop))
            {
                break;
            }

            if (i > 0)
            {
                metrics.FellBack();
                exchange.Tap.Restart();
            }

            var startedMs = exchange.ElapsedMs;
            var isLast = i > 0 || exchange.Second is null;
            last = await TryAsync(exchange, candidate, isLast, stop);
            exchange.EndAttempt();
            exchange.AddAttempt(new AttemptRecord(
                candidate.Channel.Id, last.Status, last.Fault, exchange.ElapsedMs - startedMs));
            Report(exchange, candidate, last);
            if (!last.CanMoveOn)
            {
                break;
            }
        }

        return last;
    }

    private void Report(Exchange exchange, Candidate candidate, in AttemptResult result)
    {
        if (result.BlamesChannel)
        {
            health.ReportFailure(candidate.Channel, result.Fault, result.Status, result.RetryAfter);
            GatewayLog.AttemptFailed(
                log, exchange.IdText, candidate.Channel.Id, result.Fault.ToString(), result.Status);
        }
        else if (result.End == AnswerEnd.Proper)
        {
            health.ReportSuccess(candidate.Channel);
        }

        metrics.AttemptEnded(candidate.Channel.ProviderName, result.Fault);
    }

    private async ValueTask<AttemptResult> TryAsync(
        Exchange exchange, Candidate candidate, bool isLast, CancellationTokenSource stop)
    {
        // An answer in one piece begins when it is finished; a stream begins at once.
        exchange.Deadline.Set(Wait.Head, exchange.IsStream ? options.FirstByteTimeout : options.UnstreamedTimeout);
        using var spliced = new BufferLease();
        try
        {
            var call = CallOf(exchange, candidate, spliced);
            using var answer = await pool.SendAsync(call, stop.Token);
            if (!answer.IsSuccess)
            {
                var hasBody = await _whole.ReadErrorAsync(exchange, answer, stop.Token);
                return UpstreamErrors.Read(
                    answer.Status, exchange.Answer.Span, hasBody, answer.RetryAfter(time.GetUtcNow()));
            }

            return IsStreamed(exchange, answer)
                ? await _pump.RunAsync(exchange, answer, isLast, stop.Token)
                : await _whole.RunAsync(exchange, answer, isLast, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return exchange.IsClientGone
                ? AttemptResult.ClientGone()
                : AttemptResult.Failed(AttemptFault.HeadersTimeout, GatewayFault.UpstreamTimeout);
        }
        catch (UpstreamException error)
        {
            var isLate = error.Fault == AttemptFault.ConnectTimeout;
            return exchange.IsClientGone ? AttemptResult.ClientGone() : AttemptResult.Failed(
                error.Fault, isLate ? GatewayFault.UpstreamTimeout : GatewayFault.UpstreamFailed);
        }
        catch (Exception error) when (error is IOException or HttpRequestException)
        {
            // Only answers in one piece end here: the pump sees to its own.
            return exchange.IsClientGone
                ? AttemptResult.ClientGone()
                : AttemptResult.Failed(AttemptFault.CutMidStream, GatewayFault.UpstreamFailed);
        }
    }

    private static bool IsStreamed(Exchange exchange, UpstreamAnswer answer) => exchange.IsStream
        && (exchange.IsArrayStream
            || !answer.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase));

    private static UpstreamCall CallOf(Exchange exchange, Candidate candidate, BufferLease spliced)
    {
        var body = exchange.Body.Memory;
        var asksUsage = exchange is { Dialect: Dialect.Chat, IsStream: true, Facts.IncludeUsage: false };
        if (asksUsage || (candidate.Alias is not null && exchange.Facts.HasModel))
        {
            BodySplice.Write(exchange.Body.Span, exchange.Facts, candidate.Alias, asksUsage, spliced);
            body = spliced.Memory;
        }

        var headers = new List<KeyValuePair<string, string>>(8);
        HeaderRules.Fill(headers, exchange.Request.Headers, candidate.Channel, exchange.IsStream);
        return new UpstreamCall(AddressOf(exchange, candidate), headers, body);
    }

    // Anthropic's clients mark calls that use beta features in the query, too.
    private static Uri AddressOf(Exchange exchange, Candidate candidate)
    {
        var isBeta = exchange.Dialect == Dialect.Anthropic
            && exchange.Request.QueryString.Contains("beta=true", StringComparison.Ordinal);
        return isBeta
            ? candidate.BetaUriOf(exchange.Endpoint)
            : candidate.UriOf(exchange.Endpoint, exchange.IsArrayStream);
    }
}
