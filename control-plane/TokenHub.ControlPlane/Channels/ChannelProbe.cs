using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Streams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// Tries a channel for real: one tiny streamed request, and the time until the first content. What the upstream says is
/// cleaned before it is shown; the credential goes nowhere else.
/// </summary>
internal sealed class ChannelProbe(UpstreamConnector connector, CredentialSeal seal)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    /// <summary>Content comes early; whatever has said nothing in so many bytes is no answer.</summary>
    private const int AnswerBytesMax = 64 * 1024;

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
        catch (Exception fault) when (fault is HttpRequestException or IOException or SocketException)
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
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var answer = AnswerReader.Create(dialect, isStream: true);
        var head = new byte[AnswerBytesMax];
        var length = 0;
        int read;
        while (!answer.HasContent && (read = await body.ReadAsync(head.AsMemory(length), cancellation)) > 0)
        {
            answer.Append(head.AsSpan(length, read));
            length += read;
        }

        answer.Complete();
        var status = (int)response.StatusCode;
        if (response.IsSuccessStatusCode && answer is { HasContent: true, HasError: false })
        {
            var elapsed = Stopwatch.GetElapsedTime(start);
            return new ChannelTestResult { Ok = true, TtftMs = (long)elapsed.TotalMilliseconds, Status = status };
        }

        var error = response.IsSuccessStatusCode ? "The answer had no content." : $"The upstream answered {status}.";
        var said = answer.ErrorMessage ?? Encoding.UTF8.GetString(head, 0, length);
        var clean = Redaction.Clean(said, CredentialRules.Secrets(credential));
        return new ChannelTestResult
        {
            Ok = false,
            Status = status,
            Error = clean.Length == 0 ? error : $"{error} {clean}",
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
