using System.Net.Sockets;
using System.Runtime.CompilerServices;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Failures;
using TokenHub.Gateway.Forwarding.Hedging;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>
/// Makes one attempt at one channel: writes the request, sends it, passes the answer on, and says what came of it.
/// </summary>
internal sealed class AttemptRunner(
    UpstreamCalls calls,
    RequestTranslation requests,
    AnswerTranslations answers,
    GatewayOptions options,
    TimeProvider time)
{
    private readonly StreamPump _pump = new(options, answers);
    private readonly WholeAnswer _whole = new(options, answers);

    /// <param name="isLast">Nobody else can be asked after this one.</param>
    /// <param name="opened">The answer, when it was opened in a race; else null.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptResult> RunAsync(
        Exchange exchange, Candidate candidate, bool isLast, HedgeLeg? opened, CancellationToken stop)
    {
        using var written = new BufferLease();
        try
        {
            var error = opened is null ? await WriteAsync(exchange, candidate, written, stop) : default;
            if (!error.IsNone)
            {
                return AttemptResult.Untranslatable(error);
            }

            using var answer = opened is not null ? opened.TakeAnswer() : await SendAsync(
                exchange, candidate, UpstreamRequest.BodyOf(exchange, candidate, written), stop);
            written.Dispose();
            if (!answer.IsSuccess)
            {
                var hasBody = await _whole.ReadErrorAsync(exchange, answer);
                return UpstreamFailures.Read(exchange, answer, hasBody, time.GetUtcNow());
            }

            exchange.NoteUpstreamBegan();
            var isStreamed = exchange.Media is { } media ? media.Streams(exchange.Tap, answer.ContentType)
                : IsStreamed(answer, exchange.IsStream, exchange.IsUpstreamArray);
            return isStreamed
                ? await _pump.RunAsync(exchange, answer, isLast, stop)
                : await _whole.RunAsync(exchange, answer, isLast);
        }
        catch (Exception error) when (error is OperationCanceledException or CredentialException or IOException
            or SocketException or ObjectDisposedException)
        {
            return exchange.IsClientGone ? AttemptResult.ClientGone() : Failed(error, stop);
        }
    }

    /// <summary>Puts the request into the channel's protocol, where that is another than the client's.</summary>
    public ValueTask<GatewayError> WriteAsync(
        Exchange exchange, Candidate candidate, BufferLease written, CancellationToken stop) =>
        exchange.IsCrossing ? requests.WriteAsync(exchange, candidate, written, stop) : default;

    public ValueTask<UpstreamAnswer> SendAsync(
        Exchange exchange, Candidate candidate, ReadOnlyMemory<byte> body, CancellationToken stop) =>
        calls.SendAsync(
            candidate, exchange.UpstreamDialect, exchange.Endpoint.CallOf(exchange.IsStream),
            UpstreamRequest.TargetOf(exchange, candidate), body, exchange.Request.Headers,
            exchange.Media?.ContentType, stop);

    /// <summary>True when the answer comes in pieces, as it was asked for.</summary>
    public static bool IsStreamed(UpstreamAnswer answer, bool isStream, bool isArray) => isStream
        && (isArray || !answer.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase));

    private static AttemptResult Failed(Exception error, CancellationToken stop) => error switch
    {
        OperationCanceledException =>
            AttemptResult.Failed(AttemptFault.HeadersTimeout, GatewayFault.UpstreamTimeout),
        CredentialException => AttemptResult.Failed(
            AttemptFault.CredentialUnreadable, GatewayFault.UpstreamRefusedChannel,
            failure: Channels.Circuits.FailureClass.Credential),
        UpstreamException { Fault: AttemptFault.AddressRefused and var fault } => AttemptResult.Failed(
            fault, GatewayFault.UpstreamFailed, failure: Channels.Circuits.FailureClass.Credential),
        UpstreamException { Fault: var fault } => AttemptResult.Failed(
            fault, fault == AttemptFault.ConnectTimeout ? GatewayFault.UpstreamTimeout : GatewayFault.UpstreamFailed),

        // Only answers in one piece end here: the pump sees to its own.
        _ => stop.IsCancellationRequested
            ? AttemptResult.Failed(AttemptFault.IdleTimeout, GatewayFault.UpstreamTimeout)
            : AttemptResult.Failed(AttemptFault.CutMidStream, GatewayFault.UpstreamFailed),
    };
}
