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
        ErrorBody.Write(exchange.Dialect, exchange.Answer, api);
        WriteHead(exchange, error, api);
        await WriteBodyAsync(exchange);
    }

    /// <summary>The status that the client would see for an error.</summary>
    public static int StatusOf(Exchange exchange, in GatewayError error) =>
        ErrorTable.ToApiError(exchange.Dialect, error, exchange.IdText).Status;

    private static void WriteHead(Exchange exchange, in GatewayError error, in ApiError api)
    {
        exchange.Response.StatusCode = api.Status;
        var headers = exchange.Response.Headers;
        headers.ContentType = ErrorBody.ContentType;
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
