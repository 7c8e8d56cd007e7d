namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>What a signature covers of a call.</summary>
internal readonly record struct CallToSign(UpstreamTarget Target, ReadOnlyMemory<byte> Body);

/// <summary>The channel's credential cannot be had now: its issuer is away, or refuses it.</summary>
internal sealed class CredentialException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Says to an upstream who calls: by a key, by a token that is renewed in time, or by a signature.</summary>
internal interface IUpstreamCredential
{
    /// <summary>
    /// The headers for a call when they are at hand, without waiting; null when they must be fetched.
    /// </summary>
    public KeyValuePair<string, string>[]? TryHeaders(in CallToSign call);

    /// <summary>The same, waiting for what must be fetched.</summary>
    /// <exception cref="CredentialException">It cannot be had.</exception>
    public ValueTask<KeyValuePair<string, string>[]> HeadersAsync(CallToSign call, CancellationToken stop);

    /// <summary>
    /// The upstream has refused these headers. True when there are newer ones now, with which it may be tried again.
    /// </summary>
    public ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop);
}

/// <summary>A key that stays as it is.</summary>
internal sealed class FixedCredential(string name, string value) : IUpstreamCredential
{
    private readonly KeyValuePair<string, string>[] _headers = [new(name, value)];

    public KeyValuePair<string, string>[]? TryHeaders(in CallToSign call) => _headers;

    public ValueTask<KeyValuePair<string, string>[]> HeadersAsync(CallToSign call, CancellationToken stop) =>
        new(_headers);

    public ValueTask<bool> RenewAsync(KeyValuePair<string, string>[] refused, CancellationToken stop) => new(false);
}
