using System.Net.Http.Headers;
using System.Text.Json;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// A channel's upstream as the control plane calls it, once in a while and by hand: with the addresses and signatures
/// that gateways use, and a token asked for anew each time.
/// </summary>
internal sealed class ChannelUpstream
{
    private const int TokenAnswerBytesMax = 64 << 10;
    private readonly ChannelSecret _secret;
    private readonly Dictionary<string, string> _headers;

    private ChannelUpstream(ChannelRow row, ChannelSecret secret, Dictionary<string, string> headers)
    {
        (Row, _secret, _headers) = (row, secret, headers);
        Site = UpstreamSite.Of(row.ToEntry(), secret);
    }

    public ChannelRow Row { get; }

    public UpstreamSite Site { get; }

    /// <summary>All that must not be shown of it.</summary>
    public IEnumerable<string> Secrets => _secret.Texts.Concat(_headers.Values);

    /// <summary>Takes the place of the refresh token that was used, when the issuer has given another one.</summary>
    public ChannelSecret? Replaced { get; private set; }

    /// <summary>Null when the credential cannot be opened.</summary>
    public static ChannelUpstream? Open(ChannelRow row, CredentialSeal seal)
    {
        if (seal.Open(row) is not { } credential)
        {
            return null;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(credential, ApiJsonContext.Default.ChannelCredential);
        return new ChannelUpstream(row, ChannelSecret.Read(row.CredentialType, json), seal.OpenHeaders(row));
    }

    /// <summary>A request with everything in it that says who calls.</summary>
    /// <exception cref="TokenException">The issuer gives no token.</exception>
    public async Task<HttpRequestMessage> RequestAsync(
        HttpMessageInvoker client,
        UpstreamRules rules,
        TimeProvider time,
        string address,
        byte[]? body,
        CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, address);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(SigV4.ContentType);
        }

        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tokenhub", null));
        foreach (var (name, value) in _headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        foreach (var (name, value) in await WhoAsync(client, rules, time, request, body ?? [], cancellation))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async Task<KeyValuePair<string, string>[]> WhoAsync(
        HttpMessageInvoker client,
        UpstreamRules rules,
        TimeProvider time,
        HttpRequestMessage request,
        byte[] body,
        CancellationToken cancellation)
    {
        if (TokenExchange.IsExchanged(_secret.Type))
        {
            var token = await ExchangeAsync(client, rules, time, cancellation);
            return [new("authorization", "Bearer " + token.Text)];
        }

        if (_secret.Type == "aws" && Site is BedrockSite site)
        {
            var identity = new SigV4Identity(
                _secret["access_key_id"], _secret["secret_access_key"], _secret["session_token"], site.Region,
                site.Service);
            return SigV4.Sign(identity, request.Method.Method, request.RequestUri!, body, time.GetUtcNow());
        }

        var key = _secret["api_key"];
        return Row.Provider switch
        {
            "anthropic" => [new("x-api-key", key)],
            "gemini" or "vertex" => [new("x-goog-api-key", key)],
            "azure" => [new("api-key", key)],
            _ => [new("authorization", "Bearer " + key)],
        };
    }

    private async Task<IssuedToken> ExchangeAsync(
        HttpMessageInvoker client, UpstreamRules rules, TimeProvider time, CancellationToken cancellation)
    {
        var exchange = TokenExchange.Request(_secret, time.GetUtcNow(), rules.AllowsOtherIssuers);
        using var request = new HttpRequestMessage(HttpMethod.Post, exchange.Address)
        {
            Content = new ByteArrayContent(exchange.Form),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await client.SendAsync(request, cancellation);
        var answer = await ReadAsync(response, TokenAnswerBytesMax, cancellation);
        var token = TokenExchange.Read((int)response.StatusCode, answer);
        if (token.RefreshToken is { } next && next != _secret["refresh_token"])
        {
            Replaced = _secret.WithRefreshToken(next);
        }

        return token;
    }

    /// <summary>A body up to a bound; what goes beyond it is not read.</summary>
    public static async Task<byte[]> ReadAsync(
        HttpResponseMessage response, int bytesMax, CancellationToken cancellation)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var part = new byte[16 << 10];
        int count;
        while (body.Length < bytesMax
            && (count = await stream.ReadAsync(
                part.AsMemory(0, (int)Math.Min(part.Length, bytesMax - body.Length)), cancellation)) > 0)
        {
            body.Write(part, 0, count);
        }

        return body.ToArray();
    }
}
