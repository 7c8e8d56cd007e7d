using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// The credentials of all channels. They outlive the snapshots that name them: a token is fetched again only when the
/// credential or the address has changed.
/// </summary>
internal sealed class UpstreamCredentials(
    Func<ChannelSecret, CancellationToken, Task<IssuedToken>> fetch, ICredentialKeeper keeper, TimeProvider time,
    ILogger log)
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
        (made as TokenCredential)?.Take(channel);
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
            _ => OfToken(new RefreshedSecret(channel, fetch, keeper, time, log), channel.Id),
        };
    }

    private TokenCredential OfToken(RefreshedSecret secret, long channel) =>
        new(new TokenSource(channel, secret.FetchAsync, time, log), secret);

    private static FixedCredential OfKey(Provider provider, string key) => provider switch
    {
        Provider.Anthropic => new FixedCredential("x-api-key", key),
        Provider.Gemini or Provider.Vertex => new FixedCredential("x-goog-api-key", key),
        Provider.Azure => new FixedCredential("api-key", key),
        _ => new FixedCredential("authorization", "Bearer " + key),
    };
}
