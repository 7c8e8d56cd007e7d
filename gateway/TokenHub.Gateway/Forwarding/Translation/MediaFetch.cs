using System.Net.Sockets;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Gateway.Forwarding.Translation;

/// <summary>
/// Brings what a caller gave as an address to an upstream that does not take one. Whoever calls chooses the address, so
/// nothing is believed of it: https on its own port only, every name resolved and every address classified before each
/// connection, redirects as well; bytes, time and type are limited, and no credential goes along.
/// </summary>
internal sealed class MediaFetch(GatewayOptions options)
{
    private const int RedirectsMax = 3;
    private const int UrlCharsMax = 4096;
    private const int ShownCharsMax = 128;
    private const int ReadBytes = 16 << 10;
    private static readonly string[] Types =
        ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"];

    private readonly UpstreamConnector _connector = new(options with
    {
        AllowPrivateUpstreams = options.AllowPrivateMedia,
        AllowInsecureUpstreams = false,
        ConnectTimeout = options.MediaTimeout,
    });

    /// <summary>Puts bytes in place of every address that the target does not take.</summary>
    /// <exception cref="UntranslatableException">One cannot be brought.</exception>
    public async ValueTask BringAsync(
        ChatRequest request, IRequestWriter target, UpstreamModel model, CancellationToken stop)
    {
        var left = (long)options.MediaBytesInAllMax;
        var member = request.Dialect switch
        {
            Dialect.Responses => "input",
            Dialect.Gemini => "contents",
            _ => "messages",
        };
        foreach (var part in request.Turns.SelectMany(turn => MediaOf(turn.Parts)))
        {
            if (part.Url is { } url && !target.TakesUrl(part, model))
            {
                left -= await BringAsync(part, url, member, Math.Min(left, options.MediaBytesMax), stop);
            }
        }
    }

    private static IEnumerable<MediaPart> MediaOf(List<ChatPart> parts) =>
        parts.SelectMany(part => part switch
        {
            MediaPart media => [media],
            ResultPart result => result.Content.OfType<MediaPart>(),
            _ => (IEnumerable<MediaPart>)[],
        });

    private async ValueTask<long> BringAsync(
        MediaPart part, string url, string param, long bytesMax, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(options.MediaTimeout);
        using var bytes = new BufferLease();
        try
        {
            var told = await FetchAsync(url, bytes, bytesMax, limit.Token);
            var type = TypeOf(bytes.Span, told)
                ?? throw new MediaException("is no picture (PNG, JPEG, GIF, WebP) and no PDF");
            (part.MimeType, part.Url) = (type, null);
            part.Base64 = Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes.Span));
            return bytes.Length;
        }
        catch (MediaException error)
        {
            throw new UntranslatableException($"The address {Shown(url)} {error.Message}.", param);
        }
        catch (Exception error) when (!stop.IsCancellationRequested
            && error is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            throw new UntranslatableException($"The address {Shown(url)} could not be fetched.", param);
        }
    }

    private static string Shown(string url) => url.Length <= ShownCharsMax ? url : url[..ShownCharsMax] + "...";

    // The announced type, once a fetch has succeeded.
    private async ValueTask<string> FetchAsync(string url, BufferLease bytes, long bytesMax, CancellationToken stop)
    {
        for (var hop = 0; hop <= RedirectsMax; hop++)
        {
            var address = Check(url);
            var host = new UpstreamHost(address.IdnHost, address.Port, address.Scheme == Uri.UriSchemeHttps);
            using var connection = await _connector.ConnectAsync(host, stop);
            await using var stopping = stop.UnsafeRegister(
                static one => ((UpstreamConnection)one!).Abort(), connection);
            using var head = new BufferLease();
            WriteHead(head, address);
            await connection.SendAsync(head, default);
            var answer = connection.Head;
            if (answer.Status is 301 or 302 or 303 or 307 or 308 && answer.Header("location") is { } next)
            {
                url = Uri.TryCreate(address, next, out var moved) ? moved.AbsoluteUri : next;
                continue;
            }

            if (answer.Status != 200)
            {
                throw new MediaException($"was answered with status {answer.Status}");
            }

            await ReadAsync(connection, bytes, bytesMax);
            return answer.ContentType;
        }

        throw new MediaException("is redirected too often");
    }

    private Uri Check(string url)
    {
        if (url.Length > UrlCharsMax || !Uri.TryCreate(url, UriKind.Absolute, out var address)
            || address.UserInfo.Length > 0 || address.IdnHost.Length == 0)
        {
            throw new MediaException("is not usable");
        }

        var isUsual = address.Scheme == Uri.UriSchemeHttps && address.IsDefaultPort;
        return isUsual || (options.AllowPrivateMedia && address.Scheme is ("http" or "https"))
            ? address
            : throw new MediaException("must be https without a port");
    }

    private static void WriteHead(BufferLease head, Uri address)
    {
        var host = address.HostNameType == UriHostNameType.IPv6 ? $"[{address.IdnHost}]" : address.IdnHost;
        var port = address.IsDefaultPort ? "" : $":{address.Port}";
        System.Buffers.BuffersExtensions.Write(head, Encoding.ASCII.GetBytes(
            $"GET {address.PathAndQuery} HTTP/1.1\r\nhost: {host}{port}\r\naccept: image/*, application/pdf\r\n"
            + "accept-encoding: identity\r\nuser-agent: TokenHub\r\nconnection: close\r\n\r\n"));
    }

    private static async ValueTask ReadAsync(UpstreamConnection connection, BufferLease bytes, long bytesMax)
    {
        if (connection.Head.Length > bytesMax)
        {
            throw new MediaException("has too many bytes");
        }

        while (true)
        {
            var count = await connection.ReadAsync(bytes.GetMemory(ReadBytes));
            if (count == 0)
            {
                return;
            }

            bytes.Advance(count);
            if (bytes.Length > bytesMax)
            {
                throw new MediaException("has too many bytes");
            }
        }
    }

    // By its first bytes; what the server says must not contradict them.
    private static string? TypeOf(ReadOnlySpan<byte> bytes, string told)
    {
        var type = bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']) ? Types[0]
            : bytes.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]) ? Types[1]
            : bytes.StartsWith("GIF8"u8) ? Types[2]
            : bytes.StartsWith("RIFF"u8) && bytes.Length > 12 && bytes[8..].StartsWith("WEBP"u8) ? Types[3]
            : bytes.StartsWith("%PDF-"u8) ? Types[4]
            : null;
        var isPdf = type == Types[4];
        var isTold = told.Length == 0 || told.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            || told.StartsWith(isPdf ? "application/pdf" : "image/", StringComparison.OrdinalIgnoreCase);
        return isTold ? type : null;
    }

    private sealed class MediaException(string message) : Exception(message);
}
