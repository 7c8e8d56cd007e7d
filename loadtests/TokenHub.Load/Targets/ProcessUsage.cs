using System.Globalization;

namespace TokenHub.Load.Targets;

/// <summary>What processes have used, by the operating system's own accounting.</summary>
internal readonly record struct ProcessUsage(double CpuMicroseconds, long ResidentKiB)
{
    /// <summary>The unit of /proc/PID/stat, 1/100 s on every Linux that .NET runs on.</summary>
    private const double MicrosecondsPerTick = 10_000;

    public static ProcessUsage Of(IEnumerable<int> processIds)
    {
        var sum = default(ProcessUsage);
        foreach (var id in processIds)
        {
            try
            {
                sum = new ProcessUsage(sum.CpuMicroseconds + CpuOf(id), sum.ResidentKiB + ResidentOf(id));
            }
            catch (IOException)
            {
                // It ended in the meantime.
            }
        }

        return sum;
    }

    /// <summary>The process and its children.</summary>
    public static IReadOnlyList<int> WithChildren(int processId)
    {
        var found = new List<int> { processId };
        foreach (var task in Directory.EnumerateDirectories($"/proc/{processId}/task"))
        {
            var children = File.ReadAllText(Path.Combine(task, "children"));
            found.AddRange(children.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(c => int.Parse(c, CultureInfo.InvariantCulture)));
        }

        return found;
    }

    // User and system time are the 14th and 15th field; the 2nd is a name that may hold blanks, but ends with ')'.
    private static double CpuOf(int id)
    {
        var stat = File.ReadAllText($"/proc/{id}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture)
            + double.Parse(fields[12], CultureInfo.InvariantCulture)) * MicrosecondsPerTick;
    }

    private static long ResidentOf(int id) =>
        File.ReadLines($"/proc/{id}/status")
            .Where(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Select(l => long.Parse(l.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture))
            .FirstOrDefault();
}
