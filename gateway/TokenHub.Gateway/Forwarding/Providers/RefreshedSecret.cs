using Microsoft.Extensions.Logging;
using TokenHub.Gateway.Telemetry;
using TokenHub.Protocols.Signing;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>Has a credential stored that its issuer has replaced.</summary>
internal interface ICredentialKeeper
{
    /// <summary>Seals the credential as the channel's.</summary>
    public string Seal(UpstreamChannel channel, ChannelSecret secret);

    /// <summary>Stores it in the place of another; false when yet another is stored by now.</summary>
    public Task<bool> KeepAsync(long channel, string before, string sealedText, CancellationToken stop);
}

/// <summary>
/// A credential whose issuer may give another refresh token with each token. The new one is asked with from then on and
/// stored by the control plane, so that it outlives this process and other gateways learn it.
/// </summary>
internal sealed class RefreshedSecret(
    UpstreamChannel channel,
    Func<ChannelSecret, CancellationToken, Task<IssuedToken>> fetch,
    ICredentialKeeper keeper,
    TimeProvider time,
    ILogger log)
{
    private const string RefreshToken = "refresh_token";
    private const int RetiredMax = 32;
    private const int KeepTriesMax = 60;
    private static readonly TimeSpan KeepPause = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Queue<string> _retired = new();
    private ChannelSecret _secret = channel.Secret;
    private string _sealed = channel.SealedCredential;
    private string _before = "";

    /// <summary>
    /// A newer snapshot's word. True when it is another refresh token: one that was replaced here is older than ours,
    /// and ours is stored once more if it was sealed anew meanwhile.
    /// </summary>
    public bool Take(UpstreamChannel newer)
    {
        lock (_gate)
        {
            var token = newer.Secret[RefreshToken];
            if (newer.SealedCredential == _sealed || newer.SealedCredential == _before)
            {
                return false;
            }

            if (_retired.Contains(token))
            {
                _before = newer.SealedCredential;
                _ = KeepAsync(_before, _sealed);
                return false;
            }

            var isOther = token != _secret[RefreshToken];
            (_secret, _sealed) = (newer.Secret, newer.SealedCredential);
            return isOther;
        }
    }

    public async Task<IssuedToken> FetchAsync(CancellationToken stop)
    {
        ChannelSecret secret;
        lock (_gate)
        {
            secret = _secret;
        }

        var token = await fetch(secret, stop);
        if (token.RefreshToken is { } next && next != secret[RefreshToken])
        {
            Replace(secret, next);
        }

        return token;
    }

    private void Replace(ChannelSecret used, string next)
    {
        string before, after;
        lock (_gate)
        {
            if (_retired.Count == RetiredMax)
            {
                _retired.Dequeue();
            }

            _retired.Enqueue(used[RefreshToken]);
            _secret = used.WithRefreshToken(next);
            (before, after) = (_sealed, keeper.Seal(channel, _secret));
            (_before, _sealed) = (before, after);
        }

        GatewayLog.RefreshTokenReplaced(log, channel.Id);
        _ = KeepAsync(before, after);
    }

    // The token in hand serves meanwhile; only a restart before it is stored would lose the new one.
    private async Task KeepAsync(string before, string after)
    {
        for (var i = 0; i < KeepTriesMax; i++)
        {
            try
            {
                if (!await keeper.KeepAsync(channel.Id, before, after, CancellationToken.None))
                {
                    GatewayLog.RefreshTokenNotKept(log, channel.Id, "another credential is stored");
                }

                return;
            }
            catch (IOException error)
            {
                GatewayLog.RefreshTokenNotKept(log, channel.Id, error.Message);
            }

            await Task.Delay(KeepPause, time);
        }
    }
}
