using System.Net.Sockets;
using TokenHub.ControlPlane.Upstreams;
using TokenHub.Protocols.Signing;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Why an upstream could not be asked, in words that name neither its address nor a secret.</summary>
internal static class UpstreamFaults
{
    public const string Sealed =
        "The credential cannot be opened; it was sealed with another master key. Enter it again.";

    /// <summary>Null for what is no fault of the upstream.</summary>
    /// <param name="asker">Cancelled when whoever asked has left.</param>
    public static string? Explain(Exception fault, TimeSpan timeout, CancellationToken asker) => fault switch
    {
        OperationCanceledException => asker.IsCancellationRequested
            ? null
            : $"No answer within {timeout.TotalSeconds} s.",
        TokenException => fault.Message,
        { InnerException: AddressRefusedException refused } => refused.Message,
        AddressRefusedException => fault.Message,
        HttpRequestException { InnerException: SocketException socket } => $"No connection: {socket.SocketErrorCode}.",
        HttpRequestException http => $"No connection: {http.HttpRequestError}.",
        SocketException socket => $"No connection: {socket.SocketErrorCode}.",
        IOException => "The connection broke.",
        _ => null,
    };
}
