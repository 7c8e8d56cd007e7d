using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Room five: tries the channels in order until one answers. Once a byte has reached the client there is no other
/// channel any more; before, any failure that is not the client's own moves on.
/// </summary>
internal sealed class Forwarder(
    UpstreamCalls calls,
    ChannelHealth health,
    GatewayOptions options,
    GatewayMetrics metrics,
    TimeProvider time,
    ILogger log)
{
    private readonly StreamPump _pump = new(options);
    private readonly WholeAnswer _whole = new(options);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
            }

            exchange.Tap.BeginAttempt();
            var startedMs = exchange.ElapsedMs;
            var isLast = i > 0 || exchange.Second is null;
            last = await TryAsync(exchange, candidate, isLast, stop);
            exchange.EndAttempt();
            exchange.Tap.EndAttempt(
                new AttemptEnd(last.End, last.Fault, last.Status, exchange.ElapsedMs - startedMs));
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> TryAsync(
        Exchange exchange, Candidate candidate, bool isLast, CancellationTokenSource stop)
    {
        // An answer in one piece begins when it is finished; a stream begins at once.
        exchange.Deadline.Set(Wait.Head, exchange.IsStream ? options.FirstByteTimeout : options.UnstreamedTimeout);
        using var spliced = new BufferLease();
        try
        {
            using var answer = await calls.SendAsync(
                candidate, exchange.Dialect, exchange.Endpoint.CallOf(exchange.IsStream), TargetOf(exchange, candidate),
                BodyOf(exchange, candidate, spliced), exchange.Request.Headers, stop.Token);
            spliced.Dispose();
            if (!answer.IsSuccess)
            {
                var hasBody = await _whole.ReadErrorAsync(exchange, answer);
                return UpstreamErrors.Read(
                    answer.Status, exchange.Answer.Span, hasBody, answer.RetryAfter(time.GetUtcNow()));
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

    private static bool IsStreamed(Exchange exchange, UpstreamAnswer answer) => exchange.IsStream
        && (exchange.IsArrayStream
            || !answer.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase));

    // The client's own bytes, unless a name or the wish for usage has to be put in.
    private static ReadOnlyMemory<byte> BodyOf(Exchange exchange, Candidate candidate, BufferLease spliced)
    {
        var asksUsage = exchange is { Dialect: Dialect.Chat, IsStream: true, Facts.IncludeUsage: false };
        if (!asksUsage && (candidate.Alias is null || !exchange.Facts.HasModel))
        {
            return exchange.Body.Memory;
        }

        BodySplice.Write(exchange.Body.Span, exchange.Facts, candidate.Alias, asksUsage, spliced);
        return spliced.Memory;
    }

    // Anthropic's clients mark calls that use beta features in the query, too.
    private static UpstreamTarget TargetOf(Exchange exchange, Candidate candidate) => candidate.TargetOf(
        exchange.Dialect,
        exchange.Endpoint.CallOf(exchange.IsStream),
        exchange.IsArrayStream,
        exchange.Dialect == Dialect.Anthropic
            && exchange.Request.QueryString.Contains("beta=true", StringComparison.Ordinal));
}
