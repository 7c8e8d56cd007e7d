using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// Calls an upstream in its own protocol, whatever its provider: says who calls, changes the body where the provider
/// wants it otherwise, and gives the answer back in the bytes that the protocol prescribes.
/// </summary>
internal sealed class UpstreamCalls(UpstreamPool pool, UpstreamCredentials credentials)
{
    /// <param name="dialect">The protocol in which <paramref name="body"/> is written.</param>
    /// <param name="source">The client's headers, of which a few pass.</param>
    /// <exception cref="UpstreamException">It could not be asked.</exception>
    /// <exception cref="CredentialException">Its credential cannot be had.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamAnswer> SendAsync(
        Candidate candidate,
        Dialect dialect,
        UpstreamTarget target,
        ReadOnlyMemory<byte> body,
        bool isStream,
        IHeaderDictionary source,
        CancellationToken stop)
    {
        var credential = credentials.Of(candidate.Channel);
        var call = new CallToSign(target, body);
        using var head = new BufferLease();
        for (var isFirst = true; ; isFirst = false)
        {
            var who = credential.TryHeaders(call) ?? await credential.HeadersAsync(call, stop);
            head.Clear();
            HeaderRules.WriteHead(head, target, source, candidate.Channel, dialect, who, isStream, body.Length);
            var answer = await pool.SendAsync(target.Host, head, body, stop);
            if (!isFirst || answer.Status != 401 || !await credential.RenewAsync(who, stop))
            {
                return answer;
            }

            answer.Dispose();
        }
    }
}
