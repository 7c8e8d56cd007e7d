using TokenHub.Core.Money;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding;

/// <summary>The head of an answer that comes from an upstream, and the words about money that stand in it.</summary>
internal static class AnswerHead
{
    public const string CostHeader = "x-tokenhub-cost";
    public const string BalanceHeader = "x-tokenhub-balance";

    private const string BetaHeader = "anthropic-beta";
    private const StringSplitOptions Trimmed =
        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    /// <summary>Names what of the request could not be carried to the upstream.</summary>
    public const string DroppedHeader = "x-tokenhub-dropped";

    /// <summary>The head of a stream: its cost is not known yet, so what is held for it stands there.</summary>
    public static void Write(Exchange exchange, UpstreamAnswer answer)
    {
        Write(exchange, answer, exchange.IsCrossing ? StreamTypeOf(exchange)
            : answer.ContentType.Length > 0 ? answer.ContentType : "text/event-stream");
        var headers = exchange.Response.Headers;
        headers["x-accel-buffering"] = "no";
        if (!headers.ContainsKey("cache-control"))
        {
            headers.CacheControl = "no-cache";
        }

        WriteMoney(exchange, exchange.Hold.Amount, exchange.Hold.Available);
    }

    public static void Write(Exchange exchange, UpstreamAnswer answer, string contentType)
    {
        exchange.Response.StatusCode = answer.Status;
        exchange.Response.Headers.ContentType = contentType;
        CopyReturned(exchange, answer);
    }

    /// <summary>The type of a stream in the client's own protocol.</summary>
    public static string StreamTypeOf(Exchange exchange) =>
        exchange.IsArrayStream ? "application/json" : "text/event-stream";

    /// <summary>
    /// Sets the headers that an upstream's answer may bring along; those of another protocol say nothing to the client.
    /// </summary>
    public static void CopyReturned(Exchange exchange, UpstreamAnswer answer)
    {
        if (exchange.IsCrossing)
        {
            WriteDropped(exchange);
            return;
        }

        WriteDroppedBetas(exchange);

        foreach (var name in HeaderRules.Returned)
        {
            if (answer.Header(name) is { Length: > 0 } value && !value.AsSpan().ContainsAnyInRange('\0', '\x1f'))
            {
                exchange.Response.Headers[name] = value;
            }
        }
    }

    // Bedrock refuses a request for a beta that it does not know, so it is not told of those.
    private static void WriteDroppedBetas(Exchange exchange)
    {
        var channel = exchange.Serving!.Channel;
        if (channel.Site.FormOf(exchange.UpstreamDialect) != BodyForm.BedrockClaude
            || exchange.Request.Headers[BetaHeader].ToString() is not { Length: > 0 } betas)
        {
            return;
        }

        var own = Array.Find(channel.ExtraHeaders, header => header.Key == BetaHeader).Value;
        var dropped = new Dropped();
        foreach (var beta in ClaudeBody.DroppedBetas(betas).Except(own?.Split(',', Trimmed) ?? []))
        {
            dropped.Add($"{BetaHeader}:{beta}");
        }

        exchange.Dropped = dropped.ToString();
        WriteDropped(exchange);
    }

    public static void WriteDropped(Exchange exchange)
    {
        if (exchange.Dropped.Length > 0)
        {
            exchange.Response.Headers[DroppedHeader] = exchange.Dropped;
        }
    }

    public static void WriteMoney(Exchange exchange, Usd cost, Usd balance)
    {
        if (exchange.Endpoint.IsBilled())
        {
            exchange.Response.Headers[CostHeader] = cost.ToString();
            exchange.Response.Headers[BalanceHeader] = balance.ToString();
        }
    }
}
