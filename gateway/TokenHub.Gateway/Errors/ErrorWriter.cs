using System.Globalization;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Errors;

namespace TokenHub.Gateway.Errors;

/// <summary>Answers with an error, in the shape and with the headers that the dialect's clients read.</summary>
internal static class ErrorWriter
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    public static async ValueTask WriteAsync(Exchange exchange, GatewayError error)
    {
        if (exchange.HasStarted)
        {
            // Too late to say anything: half an answer must not look whole.
            exchange.Lifetime.Abort();
            return;
        }

        var api = ErrorTable.ToApiError(exchange.Dialect, error, exchange.IdText);
        exchange.Answer.Clear();
        if (IsToldInStream(exchange, api))
        {
            ErrorBody.WriteStreamEvent(exchange.Dialect, exchange.Answer, api);
        }
        else
        {
            ErrorBody.Write(exchange.Dialect, exchange.Answer, api);
        }

        WriteHead(exchange, error, api);
        await WriteBodyAsync(exchange);
    }

    /// <summary>The status that the client would see for an error.</summary>
    public static int StatusOf(Exchange exchange, in GatewayError error)
    {
        var api = ErrorTable.ToApiError(exchange.Dialect, error, exchange.IdText);
        return IsToldInStream(exchange, api) ? 200 : api.Status;
    }

    private static void WriteHead(Exchange exchange, in GatewayError error, in ApiError api)
    {
        var isStream = IsToldInStream(exchange, api);
        exchange.Response.StatusCode = isStream ? 200 : api.Status;
        var headers = exchange.Response.Headers;
        headers.ContentType = isStream ? "text/event-stream" : ErrorBody.ContentType;
        headers.ContentLength = exchange.Answer.Length;
        if (api.RetryAfterMs > 0)
        {
            headers.RetryAfter = ((api.RetryAfterMs + 999) / 1000).ToString(CultureInfo.InvariantCulture);
            if (api.Status == 429 && exchange.Dialect is not (Dialect.Gemini or Dialect.None))
            {
                headers["retry-after-ms"] = api.RetryAfterMs.ToString(CultureInfo.InvariantCulture);
            }
        }

        Forwarding.AnswerHead.WriteDropped(exchange);
        if (RetryOf(exchange, error) is { } retry)
        {
            headers["x-should-retry"] = retry ? "true" : "false";
        }

        if (error.Fault is GatewayFault.Draining or GatewayFault.BodyTooLarge or GatewayFault.BodyBroken)
        {
            headers.Connection = "close";
        }

        if (error.Fault == GatewayFault.UpgradeRequired)
        {
            headers.Upgrade = "HTTP/1.1";
        }

        if (error.Fault == GatewayFault.WrongMethod)
        {
            headers.Allow = exchange.Endpoint.IsForwarded() ? "POST" : "GET, HEAD";
        }
    }

    // Codex compacts its history upon this event alone; a status of 400 ends its turn.
    private static bool IsToldInStream(Exchange exchange, in ApiError api) =>
        api.Kind == ErrorKind.ContextTooLong && exchange is { Dialect: Dialect.Responses, IsStream: true }
        && exchange.Request.Headers["originator"].ToString().StartsWith("codex", StringComparison.OrdinalIgnoreCase);

    // A gateway that has tried two channels says so: the client's own tries would only multiply them.
    private static bool? RetryOf(Exchange exchange, in GatewayError error) =>
        exchange.Attempts.Count > 1 && error.Fault == GatewayFault.UpstreamFailed
            ? false
            : ErrorTable.Of(error.Fault).Retry;

    private static async ValueTask WriteBodyAsync(Exchange exchange)
    {
        using var limit = new CancellationTokenSource(WriteTimeout);
        try
        {
            await exchange.ResponseBody.Writer.WriteAsync(exchange.Answer.Memory, limit.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            exchange.Lifetime.Abort();
        }
    }
}
