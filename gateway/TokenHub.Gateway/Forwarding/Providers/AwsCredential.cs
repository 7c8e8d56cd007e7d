using TokenHub.Protocols.Signing;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>Keys with which each call is signed.</summary>
internal sealed class AwsCredential(SigV4Identity identity, TimeProvider time) : IUpstreamCredential
{
    public KeyValuePair<string, string>[]? TryHeaders(in CallToSign call) =>
        SigV4.Sign(identity, "POST", call.Target.Address, call.Body.Span, time.GetUtcNow());

    public ValueTask<KeyValuePair<string, string>[]> HeadersAsync(CallToSign call, CancellationToken stop) =>
        new(TryHeaders(call)!);

    public ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop) => new(false);
}
