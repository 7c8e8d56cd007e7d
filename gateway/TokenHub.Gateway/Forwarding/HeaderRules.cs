using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

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

    private static readonly string[] ForwardedPrefixes = ["x-codex-", "x-claude-code-", "x-openai-internal-codex-"];

    // What needs no quoting and no guessing of an encoding.
    private static readonly SearchValues<char> Printable = SearchValues.Create(
        Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Append('\t').ToArray());

    /// <summary>Headers of the upstream's answer that the client may see, besides its content type.</summary>
    public static IReadOnlyList<string> Returned { get; } =
        ["cache-control", "openai-processing-ms", "openai-version", "openai-model"];

    /// <summary>Headers of the upstream's answer that are read at all.</summary>
    public static IReadOnlyList<string> Read { get; } =
    [
        .. Returned, "retry-after", "retry-after-ms", "x-ms-retry-after-ms", "location", "x-amzn-errortype",
    ];

    /// <summary>Those that are read of a refusal besides.</summary>
    public static IReadOnlyList<string> ReadOfRefusal { get; } = Failures.ResetHeaders.Names;

    /// <summary>
    /// Writes the whole head of a request: the client's headers that pass, then the channel's own, which nothing of the
    /// client's replaces.
    /// </summary>
    /// <param name="dialect">The protocol that the upstream is spoken to in.</param>
    /// <param name="who">What says who calls.</param>
    /// <param name="contentType">
    /// The body's type where it is not the protocol's JSON, or the answer may be none; else null.
    /// </param>
    public static void WriteHead(
        BufferLease head,
        UpstreamTarget target,
        IHeaderDictionary source,
        UpstreamChannel channel,
        Dialect dialect,
        KeyValuePair<string, string>[] who,
        bool isStream,
        string? contentType,
        int length)
    {
        var form = channel.Site.FormOf(dialect);
        var isAnthropic = dialect == Dialect.Anthropic && form != BodyForm.BedrockClaude;
        head.Write(target.Start);
        foreach (var (name, values) in source)
        {
            if (IsForwarded(name) && IsFor(name, dialect, isAnthropic) && !IsOwn(channel, name))
            {
                WriteHeader(head, name, values.ToString());
            }
        }

        if (isAnthropic && form == BodyForm.Plain && !source.ContainsKey("anthropic-version")
            && !IsOwn(channel, "anthropic-version"))
        {
            head.Write("anthropic-version: 2023-06-01\r\n"u8);
        }

        WriteAll(head, channel.ExtraHeaders);
        head.Write(contentType is not null ? "accept: */*\r\n"u8 : !isStream ? "accept: application/json\r\n"u8
            : dialect == Dialect.Converse || form == BodyForm.BedrockClaude
                ? "accept: application/vnd.amazon.eventstream\r\n"u8
                : "accept: text/event-stream\r\n"u8);
        head.Write("user-agent: TokenHub\r\n"u8);
        WriteHeader(head, "content-type", contentType ?? "application/json");
        WriteAll(head, who);
        head.Write("content-length: "u8);
        var digits = head.GetSpan(16);
        length.TryFormat(digits, out var written, default, CultureInfo.InvariantCulture);
        head.Advance(written);
        head.Write("\r\n\r\n"u8);
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

    // A maker's own headers mean nothing to another's server.
    private static bool IsFor(string name, Dialect dialect, bool isAnthropic) =>
        name.StartsWith("anthropic-", StringComparison.OrdinalIgnoreCase) ? isAnthropic
        : !name.StartsWith("openai-", StringComparison.OrdinalIgnoreCase)
            || dialect is Dialect.Chat or Dialect.Responses;

    private static bool IsOwn(UpstreamChannel channel, string name)
    {
        foreach (var (own, _) in channel.ExtraHeaders)
        {
            if (own.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteAll(BufferLease head, KeyValuePair<string, string>[] headers)
    {
        foreach (var (name, value) in headers)
        {
            WriteHeader(head, name, value);
        }
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
