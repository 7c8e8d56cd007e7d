using TokenHub.Core.Keys;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Providers;
using TokenHub.Gateway.Planes;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway;

/// <summary>Has replaced credentials stored by the control plane, sealed before they leave.</summary>
internal sealed class CredentialKeeper(PlaneClient plane, SecretBox box) : ICredentialKeeper
{
    public string Seal(UpstreamChannel channel, ChannelSecret secret) =>
        box.Seal(secret.Write(), channel.CredentialContext);

    public async Task<bool> KeepAsync(long channel, string before, string sealedText, CancellationToken stop)
    {
        try
        {
            return await plane.ReplaceCredentialAsync(
                new PlaneMessages.CredentialReplaced(channel, before, sealedText), stop);
        }
        catch (PlaneUnavailableException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
