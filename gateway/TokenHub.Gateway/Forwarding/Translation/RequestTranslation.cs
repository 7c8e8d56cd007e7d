using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Puts a client's request into the protocol of the channel that is tried. What has no place there is named in the
/// exchange, or refused where the key says so.
/// </summary>
internal sealed class RequestTranslation(SideStore store, MediaFetch media, ILogger log)
{
    private static readonly string[] BetaHeaders = ["anthropic-beta", "openai-beta"];

    /// <summary>Writes the body for the channel being tried, and sets the exchange's context of the answer.</summary>
    /// <returns>What the client is told when the request cannot be carried there.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<GatewayError> WriteAsync(
        Exchange exchange, Candidate candidate, BufferLease body, CancellationToken stop)
    {
        try
        {
            var source = DialectCodecs.Of(exchange.Dialect).RequestReader!;
            var target = DialectCodecs.Of(exchange.UpstreamDialect).RequestWriter;
            using var request = source.Read(exchange.Body.Memory, exchange.Model, exchange.IsStream);
            if (OpaqueCatch.IsFor(exchange.Dialect))
            {
                await store.PutBackAsync(request, exchange.Key!, stop);
            }

            // A client of a protocol that has no such key still gets the cache of an upstream that goes by one.
            request.PromptCacheKey ??= exchange.Affinity.Rule is null ? null
                : exchange.Affinity.Key.ToString("x32", CultureInfo.InvariantCulture);
            var model = ModelOf(candidate, exchange.UpstreamDialect);
            await media.BringAsync(request, target, model, stop);
            var dropped = new Dropped();
            target.Write(request, model, body, dropped);
            exchange.Dropped = dropped.ToString();
            if (exchange.Key!.RefusesUnsupported && !dropped.IsEmpty)
            {
                return new GatewayError(
                    GatewayFault.Untranslatable, $"The model's upstream cannot take: {dropped}.", dropped.Names[0]);
            }

            NoteBetas(exchange, dropped);
            exchange.Crossing = ContextOf(exchange, candidate, request);
            return default;
        }
        catch (UntranslatableException error)
        {
            return new GatewayError(GatewayFault.Untranslatable, error.Message, error.Param);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            // Half a pair of surrogates, a number without end: nothing that a reader expects, nor an upstream.
            GatewayLog.Unreadable(log, exchange.IdText, error);
            return new GatewayError(
                GatewayFault.Untranslatable, "The request has a value that its protocol does not know.");
        }
    }

    // What betas switch on stands in the body, and is named or refused there. They alone are no reason to refuse:
    // agents send some with every request, and try again with fewer when one is turned down.
    private static void NoteBetas(Exchange exchange, Dropped dropped)
    {
        foreach (var header in BetaHeaders)
        {
            if (exchange.Request.Headers.ContainsKey(header))
            {
                dropped.Add(header);
                exchange.Dropped = dropped.ToString();
            }
        }
    }

    private static UpstreamModel ModelOf(Candidate candidate, Dialect dialect)
    {
        var limit = candidate.Limits.OutputMax;
        return new UpstreamModel(
            candidate.UpstreamModel,
            limit < TokenLimits.OutputCeiling ? limit : null,
            candidate.Channel.Provider is Provider.OpenAiCompatible or Provider.DeepSeek
                || (candidate.Channel.Provider is Provider.Vertex or Provider.Bedrock && dialect == Dialect.Chat));
    }

    private static AnswerContext ContextOf(Exchange exchange, Candidate candidate, ChatRequest request) => new()
    {
        RequestId = exchange.IdText,
        Model = exchange.Model,
        Upstream = exchange.UpstreamDialect,
        UpstreamModel = candidate.UpstreamModel,
        CreatedSeconds = exchange.StartedMs / 1000,
        InputEstimate = exchange.InputEstimate,
        IncludeUsage = request.IncludeUsage,
        IsArray = exchange.IsArrayStream,
        Stops = request.StopsHere,
        EndsAtStop = !request.IsReadToItsEnd && candidate.Channel.OnClientAbort == AbortPolicy.Cancel,
        Choices = request.Sampling.N ?? 1,
        ToolBook = request.ToolBook,
        Echo = request.Echo,
    };
}
