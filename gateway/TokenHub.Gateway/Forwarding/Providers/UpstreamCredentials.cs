using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// The credentials of all channels. They outlive the snapshots that name them: a token is fetched again only when the
/// credential or the address has changed.
/// </summary>
internal sealed class UpstreamCredentials(
    Func<ChannelSecret, CancellationToken, Task<IssuedToken>> fetch, TimeProvider time, ILogger log)
{
    private readonly ConcurrentDictionary<long, (string Fingerprint, IUpstreamCredential Credential)> _known = new();

    public IUpstreamCredential Of(UpstreamChannel channel)
    {
        if (channel.CredentialSlot is IUpstreamCredential known)
        {
            return known;
        }

        var (_, made) = _known.AddOrUpdate(
            channel.Id,
            _ => (channel.Fingerprint, Make(channel)),
            (_, former) => former.Fingerprint == channel.Fingerprint ? former : (channel.Fingerprint, Make(channel)));
        channel.CredentialSlot = made;
        return made;
    }

    private IUpstreamCredential Make(UpstreamChannel channel)
    {
        var secret = channel.Secret;
        return secret.Type switch
        {
            "api_key" => OfKey(channel.Provider, secret["api_key"]),
            "aws" when channel.Site is BedrockSite site => new AwsCredential(
                new SigV4Identity(
                    secret["access_key_id"], secret["secret_access_key"], secret["session_token"], site.Region,
                    site.Service),
                time),
            _ => new TokenCredential(new TokenSource(channel.Id, Fetcher(channel), time, log)),
        };
    }

    private static FixedCredential OfKey(Provider provider, string key) => provider switch
    {
        Provider.Anthropic => new FixedCredential("x-api-key", key),
        Provider.Gemini or Provider.Vertex => new FixedCredential("x-goog-api-key", key),
        Provider.Azure => new FixedCredential("api-key", key),
        _ => new FixedCredential("authorization", "Bearer " + key),
    };

    // A refresh token that is replaced is asked with from then on. One source asks at a time.
    private Func<CancellationToken, Task<IssuedToken>> Fetcher(UpstreamChannel channel)
    {
        var secret = channel.Secret;
        return async stop =>
        {
            var token = await fetch(secret, stop);
            if (token.RefreshToken is { } next && next != secret["refresh_token"])
            {
                secret = secret.WithRefreshToken(next);
                GatewayLog.RefreshTokenReplaced(log, channel.Id);
            }

            return token;
        };
    }
}
