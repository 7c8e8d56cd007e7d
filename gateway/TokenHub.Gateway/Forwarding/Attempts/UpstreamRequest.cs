using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>What is sent to a channel, and where to.</summary>
internal static class UpstreamRequest
{
    /// <summary>
    /// What was translated, or the client's own bytes, unless a name or the wish for usage has to be put in.
    /// </summary>
    public static ReadOnlyMemory<byte> BodyOf(Exchange exchange, Candidate candidate, BufferLease spliced)
    {
        if (exchange.IsCrossing)
        {
            return spliced.Memory;
        }

        if (exchange.Media is { } media)
        {
            return media.BodyFor(candidate, exchange, spliced);
        }

        var asksUsage = exchange is { Dialect: Dialect.Chat, IsStream: true, Facts.IncludeUsage: false };
        if (CarrierStrip.IsNeeded(exchange.Dialect, exchange.Body.Span))
        {
            return BodyWithoutCarriers(exchange, candidate, asksUsage, spliced);
        }

        if (!asksUsage && (candidate.Alias is null || !exchange.Facts.HasModel))
        {
            return exchange.Body.Memory;
        }

        BodySplice.Write(exchange.Body.Span, exchange.Facts, candidate.Alias, asksUsage, spliced);
        return spliced.Memory;
    }

    /// <summary>Anthropic's clients mark calls that use beta features in the query, too.</summary>
    public static UpstreamTarget TargetOf(Exchange exchange, Candidate candidate) =>
        exchange.Endpoint.PathOf() is { } path ? candidate.TargetOf(path)! : candidate.TargetOf(
        exchange.UpstreamDialect,
        exchange.Endpoint.CallOf(exchange.IsStream),
        exchange.IsUpstreamArray,
        !exchange.IsCrossing && exchange.Dialect == Dialect.Anthropic
            && exchange.Request.QueryString.Contains("beta=true", StringComparison.Ordinal));

    // A conversation that has moved here from an upstream of another protocol brings what that one issued.
    private static ReadOnlyMemory<byte> BodyWithoutCarriers(
        Exchange exchange, Candidate candidate, bool asksUsage, BufferLease spliced)
    {
        using var plain = new BufferLease();
        CarrierStrip.Write(exchange.Dialect, candidate.UpstreamModel, exchange.Body.Span, plain);
        RequestScanner.TryScan(exchange.Dialect, plain.Span, out var facts, out _);
        BodySplice.Write(plain.Span, facts, candidate.Alias, asksUsage, spliced);
        return spliced.Memory;
    }
}
