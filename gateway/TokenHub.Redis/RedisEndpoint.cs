using System.Globalization;

namespace TokenHub.Redis;

/// <summary>Where one server listens. Its text form puts an IPv6 address in brackets.</summary>
public readonly record struct RedisEndpoint(string Host, int Port)
{
    /// <summary>
    /// Reads <c>host:port</c> as Redis writes it, where an IPv6 address has no brackets. The host may be empty.
    /// </summary>
    internal static bool TryParse(string text, out RedisEndpoint endpoint)
    {
        var colon = text.LastIndexOf(':');
        var isPort = int.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port);
        endpoint = colon >= 0 && isPort ? new RedisEndpoint(text[..colon].Trim('[', ']'), port) : default;
        return port is > 0 and <= 65535 && colon >= 0;
    }

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
