using TokenHub.Core.Usage;
using TokenHub.Protocols.Forms;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Exchanges.Media;

/// <summary>What is known of a call for pictures or sound before it is made.</summary>
internal sealed record MediaCall
{
    public required Endpoint Endpoint { get; init; }

    /// <summary>The type of the body that goes on.</summary>
    public required string ContentType { get; init; }

    /// <summary>What a form has; null for a JSON body.</summary>
    public FormFacts? Form { get; init; }

    public bool IsStream { get; init; }

    /// <summary>The most that can be charged for: pictures asked for, sound sent or made, text to be read.</summary>
    public MediaUnits Units { get; init; }

    /// <summary>The sound's own bytes say how long it is; else its size only bounds that.</summary>
    public bool IsLengthKnown { get; init; }

    /// <summary>Tokens of all that is sent, as a guess.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens of the answer at their most.</summary>
    public long OutputTokensMax { get; init; }

    /// <summary>The speech asked for is bare samples.</summary>
    public bool IsPcm { get; init; }

    /// <summary>
    /// True for an answer that passes as it comes: a stream, or what is no JSON. Prepares the tap for it.
    /// </summary>
    public bool Streams(IAnswerTap tap, string contentType)
    {
        if (contentType.Length == 0 || Is(contentType, "application/json"))
        {
            return false;
        }

        if (!Is(contentType, "text/event-stream"))
        {
            tap.Reader.BeginRaw(IsPcm || Is(contentType, "audio/pcm"));
        }

        return true;
    }

    /// <summary>The client's own bytes, unless the model has another name at the channel.</summary>
    public ReadOnlyMemory<byte> BodyFor(Candidate candidate, Exchange exchange, BufferLease spliced)
    {
        if (candidate.Alias is not { } alias)
        {
            return exchange.Body.Memory;
        }

        if (Form is { } form)
        {
            FormReader.Write(exchange.Body.Span, form, alias, spliced);
        }
        else
        {
            BodySplice.Write(exchange.Body.Span, exchange.Facts, alias, includeUsage: false, spliced);
        }

        return spliced.Memory;
    }

    private static bool Is(string contentType, string wanted) =>
        contentType.StartsWith(wanted, StringComparison.OrdinalIgnoreCase);
}
