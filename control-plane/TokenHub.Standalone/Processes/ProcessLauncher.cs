using System.Diagnostics;

namespace TokenHub.Standalone.Processes;

/// <summary>
/// Starts children in sessions of their own: Ctrl-C in a terminal reaches the whole process group, and the order of
/// stopping is ours to keep.
/// </summary>
public static class ProcessLauncher
{
    private const string SetSid = "/usr/bin/setsid";
    private const string SetPriv = "/usr/bin/setpriv";

    public static Process Create(ProcessSpec spec)
    {
        var command = new List<string>();
        if (File.Exists(SetSid))
        {
            command.Add(SetSid);
        }

        var start = new ProcessStartInfo
        {
            WorkingDirectory = spec.WorkingFolder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (spec.AsNobody && Environment.UserName == "root")
        {
            DropRoot(start, command);
        }

        command.Add(spec.File);
        command.AddRange(spec.Arguments);
        start.FileName = command[0];
        foreach (var argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in spec.Environment)
        {
            start.Environment[name] = value;
        }

        return new Process { StartInfo = start };
    }

    // The data folder may lie under a folder closed to others, such as root's home: the right to pass through folders
    // (and nothing else of root's) is kept.
    private static void DropRoot(ProcessStartInfo start, List<string> command)
    {
        if (File.Exists(SetPriv))
        {
            command.AddRange(
            [
                SetPriv, "--reuid=nobody", $"--regid={NobodyGroup()}",
                "--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--",
            ]);
            return;
        }

        start.UserName = "nobody";
    }

    private static string NobodyGroup() =>
        File.Exists("/etc/group")
            && File.ReadLines("/etc/group").Any(l => l.StartsWith("nogroup:", StringComparison.Ordinal))
            ? "nogroup"
            : "nobody";
}
