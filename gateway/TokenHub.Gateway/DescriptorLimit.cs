using System.Globalization;

namespace TokenHub.Gateway;

/// <summary>
/// How many clients may be connected before the process runs out of file descriptors. Without any left, not even the
/// runtime can go on; so some are kept for everything else, and each client is given two: its own and its upstream's.
/// </summary>
internal static class DescriptorLimit
{
    private const string LimitsFile = "/proc/self/limits";
    private const string LineStart = "Max open files";

    // The process itself with log, table, Redis and control plane has about a hundred open.
    private const int Kept = 192;
    private const int PerClient = 2;
    private const int ConnectionsMin = 16;

    /// <summary>Null where the system does not tell a limit.</summary>
    public static long? ConnectionsMax() => File.Exists(LimitsFile) ? Of(File.ReadAllLines(LimitsFile)) : null;

    /// <param name="limits">As of <c>/proc/self/limits</c>: name, soft limit, hard limit, unit.</param>
    internal static long? Of(IEnumerable<string> limits)
    {
        var line = limits.FirstOrDefault(line => line.StartsWith(LineStart, StringComparison.Ordinal));
        var soft = line?[LineStart.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files)
            ? Math.Max(ConnectionsMin, (files - Kept) / PerClient)
            : null;
    }
}
