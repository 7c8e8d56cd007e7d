namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>A token that an issuer gives for the credential, for as long as it serves.</summary>
internal sealed class TokenCredential(TokenSource source) : IUpstreamCredential
{
    public KeyValuePair<string, string>[]? TryHeaders(in CallToSign call) => source.TryGet()?.Headers;

    public async ValueTask<KeyValuePair<string, string>[]> HeadersAsync(CallToSign call, CancellationToken stop) =>
        (await source.GetAsync(stop)).Headers;

    public ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop) =>
        source.RenewAsync(refused, stop);
}
