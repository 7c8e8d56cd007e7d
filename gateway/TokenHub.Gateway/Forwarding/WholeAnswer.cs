using System.Runtime.CompilerServices;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Failures;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Takes an answer in one piece before anything of it is relayed: its cost stands in the head, and an error that comes
/// with status 200 is found while another channel can still be tried.
/// </summary>
internal sealed class WholeAnswer(GatewayOptions options, AnswerTranslations translations)
{
    private const int ReadBytes = 16 << 10;
    private const int WriteBytes = 64 << 10;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AttemptResult> RunAsync(
        Exchange exchange, UpstreamAnswer answer, bool isLast)
    {
        var body = exchange.Answer;
        body.Clear();
        var isBilled = exchange.Endpoint.IsBilled();
        exchange.Deadline.Set(Wait.UpstreamBytes, options.IdleTimeout);
        if (answer.ContentLength is { } length and > 0)
        {
            body.Reserve((int)Math.Min(length, ReadBytes * 4));
        }

        while (true)
        {
            var memory = body.GetMemory(ReadBytes);
            var count = await answer.ReadAsync(memory);
            if (count == 0)
            {
                break;
            }

            exchange.Deadline.Set(Wait.UpstreamBytes, options.IdleTimeout);
            if (body.Length + count > options.AnswerBytesMax)
            {
                return AttemptResult.Failed(AttemptFault.BadResponse, GatewayFault.UpstreamFailed, answer.Status);
            }

            body.Advance(count);
            if (isBilled)
            {
                exchange.Tap.Take(memory.Span[..count]);
            }

            if (exchange.IsDraining && exchange.Tap.Reader.CountedOutputTokens >= options.ClientDrainTokensMax)
            {
                break;
            }
        }

        if (exchange.IsDraining)
        {
            exchange.Tap.Complete();
            return AttemptResult.Drained(answer.Status);
        }

        return isBilled ? Judge(exchange, answer, isLast) : Relay(exchange, answer);
    }

    /// <summary>
    /// Reads the body of an error as it came, as much of it as is allowed. True when it is fit to be relayed.
    /// </summary>
    public async ValueTask<bool> ReadErrorAsync(Exchange exchange, UpstreamAnswer answer)
    {
        var body = exchange.Answer;
        body.Clear();
        exchange.Deadline.Set(Wait.UpstreamBytes, options.IdleTimeout);
        try
        {
            while (body.Length < options.ErrorBodyBytesMax)
            {
                var count = await answer.ReadAsync(body.GetMemory(ReadBytes));
                if (count == 0)
                {
                    break;
                }

                body.Advance(count);
            }
        }
        catch (IOException)
        {
            // Half an error says as much as a whole one, but is not fit to be relayed.
            return false;
        }

        exchange.AnswerType = "application/json";
        var first = body.Span.TrimStart(" \t\r\n"u8);
        return body.Length < options.ErrorBodyBytesMax && !first.IsEmpty && (first[0] is (byte)'{' or (byte)'[');
    }

    /// <summary>Relays what was taken, with what it cost.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask SendAsync(Exchange exchange, int status, GatewayOptions options)
    {
        exchange.Response.StatusCode = status;
        exchange.Response.Headers.ContentType = exchange.AnswerType;
        exchange.Response.Headers.ContentLength = exchange.Answer.Length;
        if (status is >= 200 and < 300)
        {
            AnswerHead.WriteMoney(
                exchange, exchange.Cost, exchange.Hold.Available + exchange.Hold.Amount - exchange.Cost);
        }

        var stop = new CancellationTokenSource();
        exchange.Deadline.Begin(stop);
        try
        {
            for (var at = 0; at < exchange.Answer.Length && !exchange.IsClientGone; at += WriteBytes)
            {
                exchange.Deadline.Set(Wait.ClientWrite, options.ClientWriteTimeout);
                var part = exchange.Answer.Memory[at..Math.Min(at + WriteBytes, exchange.Answer.Length)];
                await exchange.ResponseBody.Writer.WriteAsync(part, stop.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            exchange.Lifetime.Abort();
        }
    }

    private AttemptResult Judge(Exchange exchange, UpstreamAnswer answer, bool isLast)
    {
        exchange.Tap.Complete();
        var reader = exchange.Tap.Reader;
        if (reader.HasError && !reader.HasContent)
        {
            return UpstreamFailures.ReadReported(exchange, reader);
        }

        if (reader.Faults.HasFlag(StreamFaults.Malformed) || !reader.IsWhole(exchange.UpstreamDialect))
        {
            return AttemptResult.Failed(AttemptFault.BadResponse, GatewayFault.UpstreamFailed, answer.Status);
        }

        if (!reader.HasContent && !(isLast && reader.Usage is not null))
        {
            return AttemptResult.Failed(AttemptFault.EmptyAnswer, GatewayFault.UpstreamFailed, answer.Status);
        }

        exchange.NoteContent();
        return exchange.Crossing is { } context ? Translate(exchange, context, answer) : Relay(exchange, answer);
    }

    // Whichever of body and stream the upstream gave, the client gets what he asked for.
    private AttemptResult Translate(Exchange exchange, AnswerContext context, UpstreamAnswer answer)
    {
        using var upstream = new BufferLease();
        upstream.TakeOver(exchange.Answer);
        var translation = translations.Rent(exchange, context);
        translation.Append(upstream.Span, exchange.Answer);
        translation.Complete(exchange.Tap.Usage, exchange.Answer);
        translations.Return(exchange, translation);
        exchange.AnswerType = exchange.IsStream ? AnswerHead.StreamTypeOf(exchange) : "application/json";
        AnswerHead.WriteDropped(exchange);
        return AttemptResult.Whole(answer.Status);
    }

    private static AttemptResult Relay(Exchange exchange, UpstreamAnswer answer)
    {
        exchange.AnswerType = answer.ContentType is { Length: > 0 } type ? type : "application/json";
        AnswerHead.CopyReturned(exchange, answer);
        return AttemptResult.Whole(answer.Status);
    }
}
