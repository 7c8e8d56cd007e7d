using System.Diagnostics;
using System.Net.Sockets;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Tries a channel for real: one tiny streamed request, and the time until the first content. What the upstream says is
/// cleaned before it is shown; the credential goes nowhere else.
/// </summary>
internal sealed class ChannelProbe(UpstreamConnector connector, CredentialSeal seal)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private const int AnswerBytesMax = 256 * 1024;

    public async Task<ChannelTestResult> TryAsync(ChannelRow channel, string model, CancellationToken cancellation)
    {
        if (seal.Open(channel) is not { } credential)
        {
            return Failed("The credential cannot be opened; it was sealed with another master key. Enter it again.");
        }

        var upstreamModel = channel.ToShape().ModelMap.GetValueOrDefault(model, model);
        if (ProbeRequest.Build(channel, credential, upstreamModel) is not { } probe)
        {
            return Failed($"A {channel.Provider} channel with {credential.Type} cannot be tried from here yet.");
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(Timeout);
        using var request = probe.Request;
        try
        {
            return await SendAsync(request, probe.Dialect, credential, timeout.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Failed($"No answer within {Timeout.TotalSeconds} s.");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            return Failed(Explain(fault));
        }
    }

    private async Task<ChannelTestResult> SendAsync(
        HttpRequestMessage request, Dialect dialect, ChannelCredential credential, CancellationToken cancellation)
    {
        using var client = connector.CreateClient();
        var start = Stopwatch.GetTimestamp();
        using var response = await client.SendAsync(request, cancellation);
        var status = (int)response.StatusCode;
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        var answer = new ProbeAnswer(dialect, isStream);
        var buffer = new byte[8192];
        int read;
        while (!answer.HasContent && answer.Length < AnswerBytesMax
            && (read = await body.ReadAsync(buffer, cancellation)) > 0)
        {
            answer.Append(buffer.AsSpan(0, read));
        }

        answer.Complete();
        if (response.IsSuccessStatusCode && answer.HasContent)
        {
            return new ChannelTestResult
            {
                Ok = true,
                TtftMs = (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds,
                Status = status,
            };
        }

        var said = Redaction.Clean(answer.ErrorText, CredentialRules.Secrets(credential));
        var error = response.IsSuccessStatusCode ? "The answer had no content." : $"The upstream answered {status}.";
        return new ChannelTestResult
        {
            Ok = false,
            Status = status,
            Error = said.Length == 0 ? error : $"{error} {said}",
        };
    }

    private static string Explain(Exception fault) => fault switch
    {
        { InnerException: AddressRefusedException refused } => refused.Message,
        AddressRefusedException => fault.Message,
        HttpRequestException { InnerException: SocketException socket } => $"No connection: {socket.SocketErrorCode}.",
        HttpRequestException http => $"No connection: {http.HttpRequestError}.",
        _ => "The connection broke.",
    };

    private static ChannelTestResult Failed(string error) => new() { Ok = false, Error = error };
}
