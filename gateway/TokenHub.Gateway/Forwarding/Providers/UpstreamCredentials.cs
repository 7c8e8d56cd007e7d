using System.Collections.Concurrent;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// The credentials of all channels. They outlive the snapshots that name them: a token is fetched again only when the
/// credential or the address has changed.
/// </summary>
internal sealed class UpstreamCredentials
{
    private readonly ConcurrentDictionary<string, IUpstreamCredential> _known = new(StringComparer.Ordinal);

    public IUpstreamCredential Of(UpstreamChannel channel)
    {
        if (channel.CredentialSlot is IUpstreamCredential known)
        {
            return known;
        }

        var made = _known.GetOrAdd(
            channel.Fingerprint, static (_, one) => Make(one), channel);
        channel.CredentialSlot = made;
        return made;
    }

    private static FixedCredential Make(UpstreamChannel channel)
    {
        var key = channel.Secret["api_key"];
        return channel.Provider switch
        {
            Provider.Anthropic => new FixedCredential("x-api-key", key),
            Provider.Gemini or Provider.Vertex => new FixedCredential("x-goog-api-key", key),
            Provider.Azure => new FixedCredential("api-key", key),
            _ => new FixedCredential("authorization", "Bearer " + key),
        };
    }
}
