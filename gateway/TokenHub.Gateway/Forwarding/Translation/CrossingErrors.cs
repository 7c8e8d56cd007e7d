using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Says an upstream's error in the client's protocol: kind and status stay, the words are the upstream's own without
/// its secrets; those for a context that is exceeded are the client's, who acts upon them.
/// </summary>
internal static class CrossingErrors
{
    /// <summary>What came of an answer whose status is an error; its body waits in the exchange.</summary>
    public static AttemptResult Read(Exchange exchange, int status, TimeSpan? retryAfter)
    {
        var told = ReportedError.Parse(exchange.Answer.Memory);
        var wait = retryAfter ?? (told.RetryAfterMs > 0 ? TimeSpan.FromMilliseconds(told.RetryAfterMs) : null);
        var result = UpstreamErrors.Read(status, exchange.Answer.Span, hasBody: false, wait);
        return result.Error.Fault == GatewayFault.UpstreamRefusedRequest
            ? AttemptResult.Refused(status, AttemptFault.UpstreamStatus, Refusal(exchange, told, status))
            : result;
    }

    /// <summary>What came of an answer that is an error although its status is none.</summary>
    public static AttemptResult ReadReported(Exchange exchange, AnswerReader reader)
    {
        var told = Of(reader);
        return told.KindOf(200) is ErrorKind.ContextTooLong or ErrorKind.InvalidRequest or ErrorKind.TooLarge
            ? AttemptResult.Refused(200, AttemptFault.ErrorBody, Refusal(exchange, told, 200))
            : UpstreamErrors.ReadReported(reader.ErrorType, reader.ErrorCode);
    }

    /// <summary>The error that ends a stream already begun: the upstream's own, else that it broke off.</summary>
    public static ApiError EndOf(Exchange exchange, AnswerReader reader)
    {
        if (!reader.HasError)
        {
            return ErrorTable.ToApiError(
                exchange.Dialect, new GatewayError(GatewayFault.UpstreamCut), exchange.IdText);
        }

        var told = Of(reader);
        var kind = told.KindOf(200);
        var message = kind == ErrorKind.ContextTooLong ? ContextWordsFor(exchange, told.Message)
            : told.Message ?? "The upstream failed in the middle of its answer.";
        return ApiError.Of(exchange.Dialect, kind, message, exchange.IdText);
    }

    private static ReportedError Of(AnswerReader reader) =>
        new(reader.ErrorType, reader.ErrorCode, reader.ErrorMessage);

    private static GatewayError Refusal(Exchange exchange, in ReportedError told, int status)
    {
        var kind = told.KindOf(status);
        var isContext = kind == ErrorKind.ContextTooLong;
        return new GatewayError(
            GatewayFault.UpstreamRefusedRequest,
            isContext ? ContextWordsFor(exchange, told.Message) : told.Message,
            Status: isContext || status == 200 ? 0 : status,
            Kind: kind,
            Code: !isContext && IsOpenAi(exchange.Dialect) && IsOpenAi(exchange.UpstreamDialect) ? told.Code : null);
    }

    private static bool IsOpenAi(Dialect dialect) => dialect is Dialect.Chat or Dialect.Responses;

    private static string ContextWordsFor(Exchange exchange, string? told)
    {
        var limit = exchange.Serving!.Limits.InputMax;
        return ContextWords.For(
            exchange.Dialect, told, exchange.InputEstimate, limit < TokenLimits.InputCeiling ? limit : null);
    }
}
