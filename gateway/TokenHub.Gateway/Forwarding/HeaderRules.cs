using System.Buffers;
using System.Globalization;
using System.Text;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Which headers pass. Towards the upstream: only those that change what it does or tie requests of one conversation
/// together. Towards the client: only what describes the body; never cookies, limits or ids of the pooled account.
/// </summary>
internal static class HeaderRules
{
    private const int ValueCharsMax = 8 << 10;

    private static readonly string[] Forwarded =
    [
        "anthropic-version", "anthropic-beta", "openai-beta",
        "session-id", "session_id", "thread-id", "conversation_id", "x-session-id", "x-session-affinity",
        "x-client-request-id", "originator", "x-app", "x-goog-api-client", "x-server-timeout", "traceparent",
    ];

    private static readonly string[] Neutral =
        ["session-id", "session_id", "x-session-id", "x-session-affinity", "x-client-request-id", "traceparent"];

    private static readonly string[] ForwardedPrefixes = ["x-codex-", "x-claude-code-", "x-openai-internal-codex-"];

    // What needs no quoting and no guessing of an encoding.
    private static readonly SearchValues<char> Printable = SearchValues.Create(
        Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Append('\t').ToArray());

    /// <summary>Headers of the upstream's answer that the client may see, besides its content type.</summary>
    public static IReadOnlyList<string> Returned { get; } =
        ["cache-control", "openai-processing-ms", "openai-version", "openai-model"];

    /// <summary>Headers of the upstream's answer that are read at all.</summary>
    public static IReadOnlyList<string> Read { get; } =
        [.. Returned, "retry-after", "retry-after-ms", "x-ms-retry-after-ms", "location"];

    /// <summary>
    /// Writes the whole head of a request: the client's headers that pass, then the channel's own, which nothing of the
    /// client's replaces.
    /// </summary>
    public static void WriteHead(
        BufferLease head,
        UpstreamTarget target,
        Exchange exchange,
        UpstreamChannel channel,
        int length)
    {
        var source = exchange.Request.Headers;
        head.Write(target.Start);
        foreach (var (name, values) in source)
        {
            if (exchange.IsCrossing ? IsNeutral(name) : IsForwarded(name))
            {
                WriteHeader(head, name, values.ToString());
            }
        }

        if (exchange.UpstreamDialect == Dialect.Anthropic
            && (exchange.IsCrossing || !source.ContainsKey("anthropic-version")))
        {
            head.Write("anthropic-version: 2023-06-01\r\n"u8);
        }

        head.Write(exchange.IsStream ? "accept: text/event-stream\r\n"u8 : "accept: application/json\r\n"u8);
        head.Write("user-agent: TokenHub\r\ncontent-type: application/json\r\n"u8);
        WriteHeader(head, channel.AuthHeader.Key, channel.AuthHeader.Value);
        head.Write("content-length: "u8);
        var digits = head.GetSpan(16);
        length.TryFormat(digits, out var written, default, CultureInfo.InvariantCulture);
        head.Advance(written);
        head.Write("\r\n\r\n"u8);
    }

    /// <summary>The same towards an upstream of another protocol, to which the client's own headers say nothing.</summary>
    public static bool IsNeutral(string name)
    {
        foreach (var allowed in Neutral)
        {
            if (name.Equals(allowed, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    public static bool IsForwarded(string name)
    {
        foreach (var allowed in Forwarded)
        {
            if (name.Equals(allowed, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        foreach (var prefix in ForwardedPrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // A value with anything but printable ASCII is left out: a line end in it would be a header of the client's making.
    private static void WriteHeader(BufferLease head, string name, string value)
    {
        if (value.Length is 0 or > ValueCharsMax || value.AsSpan().ContainsAnyExcept(Printable)
            || name.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return;
        }

        var room = head.GetSpan(name.Length + value.Length + 4);
        var at = Encoding.ASCII.GetBytes(name, room);
        ": "u8.CopyTo(room[at..]);
        at += 2 + Encoding.ASCII.GetBytes(value, room[(at + 2)..]);
        "\r\n"u8.CopyTo(room[at..]);
        head.Advance(at + 2);
    }
}
