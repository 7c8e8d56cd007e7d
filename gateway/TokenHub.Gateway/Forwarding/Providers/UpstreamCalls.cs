using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Gateway.Forwarding.Providers;

/// <summary>
/// Calls an upstream in its own protocol, whatever its provider: says who calls, changes the body where the provider
/// wants it otherwise, and gives the answer back in the bytes that the protocol prescribes.
/// </summary>
/// <remarks>
/// An error of a provider with a form of its own comes in Anthropic's, for Claude and for Converse both.
/// </remarks>
internal sealed class UpstreamCalls(UpstreamPool pool, UpstreamCredentials credentials)
{
    private const string Betas = "anthropic-beta";
    private const int ModelError = 424;

    /// <param name="dialect">The protocol in which <paramref name="body"/> is written.</param>
    /// <param name="source">The client's headers, of which a few pass.</param>
    /// <param name="contentType">
    /// The body's type where it is not the protocol's JSON, or the answer may be none; else null.
    /// </param>
    /// <exception cref="UpstreamException">It could not be asked.</exception>
    /// <exception cref="CredentialException">Its credential cannot be had.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<UpstreamAnswer> SendAsync(
        Candidate candidate,
        Dialect dialect,
        UpstreamCall what,
        UpstreamTarget target,
        ReadOnlyMemory<byte> body,
        IHeaderDictionary source,
        string? contentType,
        CancellationToken stop)
    {
        var channel = candidate.Channel;
        var credential = credentials.Of(channel);
        using var head = new BufferLease();
        using var changed = new BufferLease();
        body = Change(channel, dialect, what, body, source, changed);
        for (var isFirst = true; ; isFirst = false)
        {
            var call = new CallToSign(target, body);
            var who = credential.TryHeaders(call) ?? await credential.HeadersAsync(call, stop);
            head.Clear();
            HeaderRules.WriteHead(
                head, target, source, channel, dialect, who, what == UpstreamCall.Stream, contentType, body.Length);
            var answer = await pool.SendAsync(target.Host, head, body, stop);
            if (!isFirst || answer.Status != 401 || !await MayTryAgainAsync(credential, who, answer, stop))
            {
                Reframe(answer, channel, dialect);
                return answer;
            }
        }
    }

    // The refusal is kept until there is a newer token: without one it is the answer.
    private static async ValueTask<bool> MayTryAgainAsync(
        IUpstreamCredential credential,
        KeyValuePair<string, string>[] refused,
        UpstreamAnswer answer,
        CancellationToken stop)
    {
        try
        {
            if (!await credential.RenewAsync(refused, stop))
            {
                return false;
            }
        }
        catch
        {
            answer.Dispose();
            throw;
        }

        answer.Dispose();
        return true;
    }

    private static ReadOnlyMemory<byte> Change(
        UpstreamChannel channel,
        Dialect dialect,
        UpstreamCall what,
        ReadOnlyMemory<byte> body,
        IHeaderDictionary source,
        BufferLease changed)
    {
        var form = channel.Site.FormOf(dialect);
        if (form == BodyForm.Plain)
        {
            return body;
        }

        var own = Array.Find(channel.ExtraHeaders, header => header.Key == Betas).Value;
        changed.Reserve(body.Length + 256);
        ClaudeBody.Write(form, what, body.Span, source[Betas].ToString(), own, changed);
        return changed.Memory;
    }

    private static void Reframe(UpstreamAnswer answer, UpstreamChannel channel, Dialect dialect)
    {
        if (answer.IsSuccess)
        {
            if (channel.Provider == Provider.Bedrock
                && answer.ContentType.StartsWith(EventStreamFraming.ContentType, StringComparison.OrdinalIgnoreCase))
            {
                answer.Reframe(new EventStreamFraming(dialect), "text/event-stream", answer.Status);
            }
        }
        else if (channel.Site.HasOwnErrors(dialect))
        {
            // Bedrock's word for a model that broke is no fault of the request.
            var status = answer.Status == ModelError ? 502 : answer.Status;
            answer.Reframe(
                new ProviderErrors(channel.Provider, status, answer.Header("x-amzn-errortype")), "application/json",
                status);
        }
    }
}
