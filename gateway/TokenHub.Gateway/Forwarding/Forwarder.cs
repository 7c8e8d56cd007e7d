using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Room five: tries the channels in order until one answers. Once a byte has reached the client there is no other
/// channel any more; before, any failure that is not the client's own moves on.
/// </summary>
internal sealed class Forwarder(
    UpstreamCalls calls,
    RequestTranslation requests,
    AnswerTranslations answers,
    IAdmission admission,
    ChannelHealth health,
    GatewayOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger log)
{
    private readonly StreamPump _pump = new(options, answers);
    private readonly WholeAnswer _whole = new(options, answers);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptResult> ForwardAsync(Exchange exchange)
    {
        var last = default(AttemptResult);
        for (var i = 0; i < RoutingRules.AttemptsLimit; i++)
        {
            var place = await admission.EnterAsync(exchange, exchange.Lifetime.RequestAborted);
            var stop = new CancellationTokenSource();
            if (!place.IsTaken || !exchange.BeginAttempt(exchange.Plan[place.Step], stop))
            {
                last = i > 0 ? last : AttemptResult.NotBegun(place.Error);
                break;
            }

            var candidate = exchange.Plan[place.Step].Candidate;
            if (i > 0)
            {
                metrics.FellBack();
            }

            exchange.Tap.BeginAttempt();
            var startedMs = exchange.ElapsedMs;
            var isLast = place.Step == exchange.Plan.Count - 1;
            var result = await TryAsync(exchange, candidate, isLast, stop);
            exchange.EndAttempt();
            exchange.Tap.EndAttempt(
                new AttemptEnd(result.End, result.Fault, result.Status, exchange.ElapsedMs - startedMs));
            admission.Leave(exchange, place, exchange.Attempts[^1]);
            Report(exchange, candidate, result);

            // A channel that could not even be asked has less to say than one that failed.
            last = i > 0 && result.Fault == AttemptFault.Untranslatable ? last : result;
            if (!result.CanMoveOn)
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> TryAsync(
        Exchange exchange, Candidate candidate, bool isLast, CancellationTokenSource stop)
    {
        // An answer in one piece begins when it is finished; a stream begins at once.
        exchange.Deadline.Set(Wait.Head, exchange.IsStream ? options.FirstByteTimeout : options.UnstreamedTimeout);
        using var spliced = new BufferLease();
        try
        {
            var error = exchange.IsCrossing
                ? await requests.WriteAsync(exchange, candidate, spliced, stop.Token) : default;
            if (!error.IsNone)
            {
                return AttemptResult.Untranslatable(error);
            }

            using var answer = await calls.SendAsync(
                candidate, exchange.UpstreamDialect, exchange.Endpoint.CallOf(exchange.IsStream),
                TargetOf(exchange, candidate), BodyOf(exchange, candidate, spliced), exchange.Request.Headers,
                exchange.Media?.ContentType, stop.Token);
            spliced.Dispose();
            if (!answer.IsSuccess)
            {
                var hasBody = await _whole.ReadErrorAsync(exchange, answer);
                var wait = answer.RetryAfter(time.GetUtcNow()) ?? ReportedError.WaitIn(exchange.Answer.Memory);
                return exchange.IsCrossing || candidate.Channel.Site.HasOwnErrors(exchange.UpstreamDialect)
                    ? CrossingErrors.Read(exchange, answer.Status, wait)
                    : UpstreamErrors.Read(answer.Status, exchange.Answer.Span, hasBody, wait);
            }

            exchange.NoteUpstreamBegan();
            return IsStreamed(exchange, answer)
                ? await _pump.RunAsync(exchange, answer, isLast, stop.Token)
                : await _whole.RunAsync(exchange, answer, isLast);
        }
        catch (OperationCanceledException)
        {
            return exchange.IsClientGone
                ? AttemptResult.ClientGone()
                : AttemptResult.Failed(AttemptFault.HeadersTimeout, GatewayFault.UpstreamTimeout);
        }
        catch (CredentialException)
        {
            return exchange.IsClientGone ? AttemptResult.ClientGone() : AttemptResult.Failed(
                AttemptFault.CredentialUnreadable, GatewayFault.UpstreamRefusedChannel);
        }
        catch (UpstreamException error)
        {
            var isLate = error.Fault == AttemptFault.ConnectTimeout;
            return exchange.IsClientGone ? AttemptResult.ClientGone() : AttemptResult.Failed(
                error.Fault, isLate ? GatewayFault.UpstreamTimeout : GatewayFault.UpstreamFailed);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException)
        {
            // Only answers in one piece end here: the pump sees to its own.
            return exchange.IsClientGone ? AttemptResult.ClientGone()
                : stop.IsCancellationRequested
                    ? AttemptResult.Failed(AttemptFault.IdleTimeout, GatewayFault.UpstreamTimeout)
                    : AttemptResult.Failed(AttemptFault.CutMidStream, GatewayFault.UpstreamFailed);
        }
    }

    private static bool IsStreamed(Exchange exchange, UpstreamAnswer answer) => exchange.Media is { } media
        ? media.Streams(exchange.Tap, answer.ContentType)
        : exchange.IsStream && (exchange.IsUpstreamArray
            || !answer.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase));

    // What was translated, or the client's own bytes, unless a name or the wish for usage has to be put in.
    private static ReadOnlyMemory<byte> BodyOf(Exchange exchange, Candidate candidate, BufferLease spliced)
    {
        if (exchange.IsCrossing)
        {
            return spliced.Memory;
        }

        if (exchange.Media is { } media)
        {
            return media.BodyFor(candidate, exchange, spliced);
        }

        var asksUsage = exchange is { Dialect: Dialect.Chat, IsStream: true, Facts.IncludeUsage: false };
        if (CarrierStrip.IsNeeded(exchange.Dialect, exchange.Body.Span))
        {
            return BodyWithoutCarriers(exchange, candidate, asksUsage, spliced);
        }

        if (!asksUsage && (candidate.Alias is null || !exchange.Facts.HasModel))
        {
            return exchange.Body.Memory;
        }

        BodySplice.Write(exchange.Body.Span, exchange.Facts, candidate.Alias, asksUsage, spliced);
        return spliced.Memory;
    }

    // A conversation that has moved here from an upstream of another protocol brings what that one issued.
    private static ReadOnlyMemory<byte> BodyWithoutCarriers(
        Exchange exchange, Candidate candidate, bool asksUsage, BufferLease spliced)
    {
        using var plain = new BufferLease();
        CarrierStrip.Write(exchange.Dialect, candidate.UpstreamModel, exchange.Body.Span, plain);
        RequestScanner.TryScan(exchange.Dialect, plain.Span, out var facts, out _);
        BodySplice.Write(plain.Span, facts, candidate.Alias, asksUsage, spliced);
        return spliced.Memory;
    }

    // Anthropic's clients mark calls that use beta features in the query, too.
    private static UpstreamTarget TargetOf(Exchange exchange, Candidate candidate) =>
        exchange.Endpoint.PathOf() is { } path ? candidate.TargetOf(path)! : candidate.TargetOf(
        exchange.UpstreamDialect,
        exchange.Endpoint.CallOf(exchange.IsStream),
        exchange.IsUpstreamArray,
        !exchange.IsCrossing && exchange.Dialect == Dialect.Anthropic
            && exchange.Request.QueryString.Contains("beta=true", StringComparison.Ordinal));
}
