using Microsoft.AspNetCore.Http;

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

    /// <summary>Headers of the upstream's answer that the client may see, besides its content type.</summary>
    public static IReadOnlyList<string> Returned { get; } =
        ["cache-control", "openai-processing-ms", "openai-version", "openai-model"];

    /// <summary>Adds the client's headers that pass, then the channel's own, which nothing replaces.</summary>
    public static void Fill(
        List<KeyValuePair<string, string>> target, IHeaderDictionary source, UpstreamChannel channel, bool isStream)
    {
        target.Clear();
        foreach (var (name, values) in source)
        {
            if (IsForwarded(name))
            {
                Add(target, name, values.ToString());
            }
        }

        if (channel.Speaks(Core.Snapshots.Dialect.Anthropic) && !source.ContainsKey("anthropic-version"))
        {
            target.Add(new("anthropic-version", "2023-06-01"));
        }

        target.Add(new("accept", isStream ? "text/event-stream" : "application/json"));
        target.Add(new("user-agent", "TokenHub"));
        target.Add(channel.AuthHeader);
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

    // Kestrel refuses control characters in a request's headers already; this keeps it so whatever stands in front.
    private static void Add(List<KeyValuePair<string, string>> target, string name, string value)
    {
        if (value.Length is > 0 and <= ValueCharsMax && !value.AsSpan().ContainsAnyInRange('\0', '\x1f'))
        {
            target.Add(new(name, value));
        }
    }
}
