using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Errors;
using TokenHub.Protocols.Json;

namespace TokenHub.Gateway.Listening;

/// <summary>Room one: which call a request is, then its body and what one scan finds in it.</summary>
internal sealed class RequestFront(GatewayOptions options)
{
    /// <summary>Reads path and method. From here on errors have the dialect of the path.</summary>
    public static GatewayError Open(Exchange exchange)
    {
        var request = exchange.Request;
        var path = PathOf(request.RawTarget);
        var match = EndpointTable.Find(path);
        exchange.Endpoint = match.Endpoint;
        exchange.Dialect = DialectOf(match.Endpoint, request);
        exchange.Response.Headers["x-request-id"] = exchange.IdText;
        if (exchange.Dialect == Dialect.Anthropic)
        {
            exchange.Response.Headers["request-id"] = exchange.IdText;
        }

        if (match.Endpoint == Endpoint.Unknown)
        {
            return new GatewayError(
                GatewayFault.UnknownPath, $"There is nothing at this path. Supported: {EndpointTable.SupportedPaths}.");
        }

        if (!match.Endpoint.Takes(request.Method))
        {
            // Codex tries a websocket first; only 426 makes it go on over HTTP at once.
            return new GatewayError(match.Endpoint == Endpoint.Responses && request.Headers.ContainsKey("Upgrade")
                ? GatewayFault.UpgradeRequired
                : GatewayFault.WrongMethod);
        }

        exchange.Group = match.Group.End.Value > 0 ? path[match.Group].ToString() : null;
        exchange.IsArrayStream = match.Endpoint == Endpoint.GeminiStream && !HasAltSse(request.QueryString);
        exchange.IsStream = match.Endpoint == Endpoint.GeminiStream;
        return ReadPathModel(exchange, path[match.Model]);
    }

    /// <summary>Reads the body whole and scans it once.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<GatewayError> ReadAsync(Exchange exchange)
    {
        var reader = exchange.Features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        var announced = exchange.Request.Headers.ContentLength;
        var bytesMax = exchange.Endpoint.IsMedia() ? options.FormBytesMax : options.BodyBytesMax;
        var fault = await RequestBody.ReadAsync(
            reader, exchange.Body, announced, bytesMax, exchange.Lifetime.RequestAborted);
        return fault switch
        {
            BodyFault.TooLarge => new GatewayError(
                GatewayFault.BodyTooLarge, $"The request body is larger than {bytesMax} bytes."),
            BodyFault.Broken => new GatewayError(GatewayFault.BodyBroken),
            _ when exchange.Endpoint.IsMedia() => MediaFront.Read(exchange),
            _ => Scan(exchange),
        };
    }

    private static GatewayError Scan(Exchange exchange)
    {
        if (!RequestScanner.TryScan(exchange.Dialect, exchange.Body.Span, out var facts, out var fault))
        {
            return new GatewayError(
                GatewayFault.BadRequest, fault.Message, fault.Field is { Length: > 0 } field ? field : null);
        }

        // What is to be ranked stands in members of its own: all of the body counts.
        exchange.Facts = exchange.Endpoint != Endpoint.Rerank ? facts
            : facts with { Input = facts.Input with { AsciiBytes = exchange.Body.Length } };
        exchange.IsStream |= facts.Stream && exchange.Dialect != Dialect.Gemini && exchange.Endpoint.IsBilled()
            && !exchange.Endpoint.IsPassedOn();
        return facts.Traits.HasFlag(RequestTraits.StoredState) && AsksForBackground(exchange.Body.Span)
            ? new GatewayError(GatewayFault.BadRequest, "'background' is not offered here; leave it out.", "background")
            : default;
    }

    // An answer made in the background reports its usage to nobody, and so could not be charged.
    private static bool AsksForBackground(ReadOnlySpan<byte> body)
    {
        // As deep as the scanner lets a body be, which is deeper than a reader goes by itself.
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = 256 });
        while (json.Read())
        {
            if (json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 }
                && JsonText.IsEqual(json.ValueSpan, "background"u8))
            {
                json.Read();
                return json.TokenType == JsonTokenType.True;
            }
        }

        return false;
    }

    private static GatewayError ReadPathModel(Exchange exchange, ReadOnlySpan<char> raw)
    {
        if (exchange.Endpoint.DialectOf() == Dialect.Gemini && !raw.IsEmpty)
        {
            Span<byte> model = stackalloc byte[PathModel.CharsMax];
            if (!PathModel.TryDecode(raw, model, out var length))
            {
                return new GatewayError(GatewayFault.BadPathModel);
            }

            exchange.Model = Encoding.ASCII.GetString(model[..length]);
        }
        else if (exchange.Endpoint == Endpoint.Model)
        {
            exchange.Model = Uri.UnescapeDataString(raw);
        }

        return default;
    }

    // The listing of models is one path for three dialects; there the headers tell, never the way of authentication.
    private static Dialect DialectOf(Endpoint endpoint, IHttpRequestFeature request)
    {
        if (endpoint is not (Endpoint.Models or Endpoint.Model))
        {
            return endpoint.DialectOf();
        }

        var headers = request.Headers;
        return headers.ContainsKey("x-goog-api-key") || headers.ContainsKey("x-goog-api-client") ? Dialect.Gemini
            : headers.ContainsKey("anthropic-version") ? Dialect.Anthropic
            : Dialect.Chat;
    }

    private static bool HasAltSse(string query) =>
        query.Contains("?alt=sse", StringComparison.Ordinal) || query.Contains("&alt=sse", StringComparison.Ordinal);

    // Origin form as a rule; absolute form has scheme and host before the path.
    private static ReadOnlySpan<char> PathOf(string target)
    {
        var path = target.AsSpan();
        if (!path.StartsWith('/') && path.IndexOf("://") is > 0 and var scheme)
        {
            var slash = path[(scheme + 3)..].IndexOf('/');
            path = slash < 0 ? default : path[(scheme + 3 + slash)..];
        }

        var query = path.IndexOfAny('?', '#');
        return query < 0 ? path : path[..query];
    }
}
