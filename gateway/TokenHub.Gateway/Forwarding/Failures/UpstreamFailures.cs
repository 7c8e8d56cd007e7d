using System.Text;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding.Failures;

/// <summary>
/// What becomes of an attempt whose answer is an error: the caller's own fault is told in the upstream's words, the
/// channel's never, and a condition that passes moves the request on.
/// </summary>
internal static class UpstreamFailures
{
    /// <summary>An answer with the status of an error; its body waits in the exchange and is masked here.</summary>
    /// <param name="hasBody">The body may be relayed.</param>
    public static AttemptResult Read(Exchange exchange, UpstreamAnswer answer, bool hasBody, DateTimeOffset now)
    {
        var (body, status) = (exchange.Answer, answer.Status);
        var told = ReportedError.Parse(body.Memory);
        var failure = FailureTable.Of(status, told, GoogleDetails.Parse(body.Memory));
        var wait = ResetHeaders.Read(answer, now)
            ?? (told.RetryAfterMs > 0 ? TimeSpan.FromMilliseconds(told.RetryAfterMs) : null);
        Redactor.Mask(body.WrittenSpan, exchange.Serving!.Channel);
        if (failure is not (FailureClass.Caller or FailureClass.ModelMissing))
        {
            return Failed(failure, AttemptFault.UpstreamStatus, status, wait);
        }

        var isOwnShape = !exchange.IsCrossing && !exchange.Serving.Channel.Site.HasOwnErrors(exchange.UpstreamDialect);
        var refused = isOwnShape
            ? AttemptResult.Refused(status, hasBody)
            : AttemptResult.Refused(
                status, AttemptFault.UpstreamStatus,
                CrossingErrors.Refusal(exchange, ReportedError.Parse(body.Memory), status));

        // Another channel may well have the model that this one was only said to have.
        return failure == FailureClass.Caller ? refused : refused with { Class = failure, CanMoveOn = true };
    }

    /// <summary>An error that came with status 200, before any content.</summary>
    public static AttemptResult ReadReported(Exchange exchange, AnswerReader reader)
    {
        var told = Told(exchange, reader);
        var failure = FailureTable.Of(200, told, default);
        return failure == FailureClass.Caller
            ? AttemptResult.Refused(200, AttemptFault.ErrorBody, CrossingErrors.Refusal(exchange, told, 200))
            : Failed(failure, AttemptFault.ErrorBody, 200, wait: null);
    }

    /// <summary>The error in a stream, without the upstream's secrets.</summary>
    public static ReportedError Told(Exchange exchange, AnswerReader reader)
    {
        var words = reader.ErrorMessage;
        if (words is not null)
        {
            var bytes = Encoding.UTF8.GetBytes(words);
            Redactor.Mask(bytes, exchange.Serving!.Channel);
            words = Encoding.UTF8.GetString(bytes);
        }

        return new ReportedError(reader.ErrorType, reader.ErrorCode, words);
    }

    private static AttemptResult Failed(FailureClass failure, AttemptFault fault, int status, TimeSpan? wait)
    {
        // The account of the attempt says more than a status where the status alone would mean something else.
        fault = failure switch
        {
            FailureClass.Credential => AttemptFault.CredentialRefused,
            FailureClass.Quota => AttemptFault.QuotaUsedUp,
            _ => fault,
        };
        var error = failure switch
        {
            FailureClass.Credential or FailureClass.Quota => GatewayFault.UpstreamRefusedChannel,
            FailureClass.Rate => GatewayFault.UpstreamRateLimit,
            FailureClass.Overloaded => GatewayFault.UpstreamOverloaded,
            _ => status is 408 or 504 ? GatewayFault.UpstreamTimeout : GatewayFault.UpstreamFailed,
        };

        // Who must pay or change a key is not told to wait for it.
        var told = error == GatewayFault.UpstreamRefusedChannel ? null : wait;
        return AttemptResult.Failed(fault, error, status, told, failure) with { RetryAfter = wait };
    }
}
