using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Failures;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Says an upstream's error in the client's protocol: kind and status stay, the words are the upstream's own without
/// its secrets; those for a context that is exceeded are the client's, who acts upon them.
/// </summary>
internal static class CrossingErrors
{
    /// <summary>The error that ends a stream already begun: the upstream's own, else that it broke off.</summary>
    public static ApiError EndOf(Exchange exchange, AnswerReader reader)
    {
        if (!reader.HasError)
        {
            return ErrorTable.ToApiError(
                exchange.Dialect, new GatewayError(GatewayFault.UpstreamCut), exchange.IdText);
        }

        var told = UpstreamFailures.Told(exchange, reader);
        var kind = told.KindOf(200);
        var message = kind == ErrorKind.ContextTooLong ? ContextWordsFor(exchange, told.Message)
            : told.Message ?? "The upstream failed in the middle of its answer.";
        return ApiError.Of(exchange.Dialect, kind, message, exchange.IdText);
    }

    /// <summary>A request that the upstream turned down, in the client's protocol.</summary>
    public static GatewayError Refusal(Exchange exchange, in ReportedError told, int status)
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
