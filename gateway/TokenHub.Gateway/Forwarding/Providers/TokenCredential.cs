namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>A token that an issuer gives for the credential, for as long as it serves.</summary>
internal sealed class TokenCredential(TokenSource source, RefreshedSecret secret) : IUpstreamCredential
{
    /// <summary>A newer snapshot's word for the same credential.</summary>
    public void Take(UpstreamChannel channel)
    {
        if (secret.Take(channel))
        {
            source.ForgetFailures();
        }
    }

    public KeyValuePair<string, string>[]? TryHeaders(in CallToSign call) => source.TryGet()?.Headers;

    public async ValueTask<KeyValuePair<string, string>[]> HeadersAsync(CallToSign call, CancellationToken stop) =>
        (await source.GetAsync(stop)).Headers;

    public ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop) =>
        source.RenewAsync(refused, stop);
}
