using System.Buffers;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Tries a channel for real: one tiny streamed request, and the time until the first content. What the upstream says is
/// cleaned before it is shown; the credential goes nowhere else.
/// </summary>
internal sealed class ChannelProbe(
    UpstreamConnector connector,
    UpstreamRules rules,
    CredentialSeal seal,
    ReplacedCredentials replaced,
    TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>Content comes early; whatever has said nothing in so many bytes is no answer.</summary>
    private const int AnswerBytesMax = 64 * 1024;

    public async Task<ChannelTestResult> TryAsync(ChannelRow channel, string model, CancellationToken cancellation)
    {
        if (ChannelUpstream.Open(channel, seal) is not { } upstream)
        {
            return Failed(UpstreamFaults.Sealed);
        }

        var upstreamModel = channel.ToShape().ModelMap.GetValueOrDefault(model, model);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Timeout);
        try
        {
            return await SendAsync(upstream, upstreamModel, timeout.Token);
        }
        catch (Exception fault) when (UpstreamFaults.Explain(fault, Timeout, cancellation) is { } sentence)
        {
            return Failed(sentence);
        }
        finally
        {
            await replaced.KeepAsync(upstream, cancellation);
        }
    }

    private async Task<ChannelTestResult> SendAsync(
        ChannelUpstream upstream, string model, CancellationToken cancellation)
    {
        var dialect = upstream.Site.DialectFor(Dialect.Chat, model);
        using var client = connector.CreateClient();
        using var request = await upstream.RequestAsync(
            client, rules, time, upstream.Site.UrlOf(dialect, UpstreamCall.Stream, model),
            ProbeRequest.Write(upstream, dialect, model), cancellation);
        if (dialect == Dialect.Anthropic && upstream.Site.FormOf(dialect) == BodyForm.Plain)
        {
            request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
        }

        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(
            upstream.Site is BedrockSite && upstream.Site.HasOwnErrors(dialect)
                ? EventStreamFraming.ContentType
                : "text/event-stream"));
        var start = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, cancellation);
        var answer = AnswerReader.Create(dialect, isStream: true);
        var said = await ReadAsync(upstream, dialect, response, answer, cancellation);
        var status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode && answer is { HasContent: true, HasError: false })
        {
            var elapsed = Stopwatch.GetElapsedTime(start);
            return new ChannelTestResult { Ok = true, TtftMs = (long)elapsed.TotalMilliseconds, Status = status };
        }

        var error = response.IsSuccessStatusCode ? "The answer had no content." : $"The upstream answered {status}.";
        var clean = Redaction.Clean(answer.ErrorMessage ?? Encoding.UTF8.GetString(said), upstream.Secrets);
        return new ChannelTestResult
        {
            Ok = false,
            Status = status,
            Error = clean.Length == 0 ? error : $"{error} {clean}",
        };
    }

    // Until the first content. Returns what was read, in the words of the protocol spoken.
    private static async Task<byte[]> ReadAsync(
        ChannelUpstream upstream,
        Dialect dialect,
        HttpResponseMessage response,
        AnswerReader answer,
        CancellationToken cancellation)
    {
        IAnswerFraming? framing = !response.IsSuccessStatusCode
            ? upstream.Site.HasOwnErrors(dialect)
                ? new ProviderErrors(
                    upstream.Row.ToEntry().Provider, (int)response.StatusCode,
                    response.Headers.TryGetValues("x-amzn-errortype", out var types) ? types.First() : null)
                : null
            : response.Content.Headers.ContentType?.MediaType == EventStreamFraming.ContentType
                ? new EventStreamFraming(dialect)
                : null;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var output = new ArrayBufferWriter<byte>();
        var part = new byte[4 << 10];
        var shown = 0;
        var length = 0;
        int count;
        while (!answer.HasContent && length < AnswerBytesMax
            && (count = await body.ReadAsync(part, cancellation)) > 0)
        {
            length += count;
            if (framing is null)
            {
                output.Write(part.AsSpan(0, count));
            }
            else if (!framing.Append(part.AsSpan(0, count), output))
            {
                break;
            }

            answer.Append(output.WrittenSpan[shown..]);
            shown = output.WrittenCount;
        }

        framing?.Complete(output);
        answer.Append(output.WrittenSpan[shown..]);
        answer.Complete();
        return output.WrittenSpan.ToArray();
    }

    private static ChannelTestResult Failed(string error) => new() { Ok = false, Error = error };
}
