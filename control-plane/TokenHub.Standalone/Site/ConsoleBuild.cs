using System.Diagnostics;
using System.Globalization;
using TokenHub.Standalone.Processes;
using TokenHub.Standalone.Servers;
using TokenHub.Standalone.Start;

namespace TokenHub.Standalone.Site;

/// <summary>
/// Builds the console when it is older than its sources, beside the start of everything else. Nothing that goes wrong
/// here stops the start: the control plane then serves the build of before, or its plain page.
/// </summary>
public sealed class ConsoleBuild(string web, Action<string> tell)
{
    private const string Stamp = ".sources";
    private const int LinesTold = 8;
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(200);

    /// <summary>Where the control plane finds the build.</summary>
    public static string FolderOf(string web) => Path.Combine(web, "dist");

    public async Task RunAsync(CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(web, "package.json")) || IsFresh(ConsoleSources.HashOf(web)))
        {
            return;
        }

        try
        {
            await BuildAsync(cancel);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            var instead = Directory.Exists(FolderOf(web)) ? "the one of before is" : "a plain page is";
            tell($"the console could not be built; {instead} served. {Short(fault.Message)}");
        }
    }

    // The first lines say what is wrong; npm's help follows them.
    private static string Short(string text) =>
        string.Join('\n', text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(LinesTold));

    private async Task BuildAsync(CancellationToken cancel)
    {
        var npm = CommandLine.Find("npm") ?? throw new StartRefusedException("npm is missing: install Node 20.");
        using var alone = await OnlyOneAsync(cancel);
        var sources = ConsoleSources.HashOf(web);
        if (IsFresh(sources))
        {
            return;
        }

        tell("building the console (once after each change of it)");
        var clock = Stopwatch.StartNew();
        await InstallAsync(npm, cancel);
        var made = Path.Combine(web, "dist.new");
        await RunAsync(npm, cancel, "run", "build", "--", "--outDir", made, "--emptyOutDir", "--logLevel", "error");
        await File.WriteAllTextAsync(Path.Combine(made, Stamp), sources, cancel);
        Swap(made);
        tell(string.Create(CultureInfo.InvariantCulture, $"built the console in {clock.Elapsed.TotalSeconds:0.0} s"));
    }

    // npm writes its own copy of the lock file last; what the tests need besides is theirs to install.
    private async Task InstallAsync(string npm, CancellationToken cancel)
    {
        var installed = new FileInfo(Path.Combine(web, "node_modules", ".package-lock.json"));
        var wanted = new FileInfo(Path.Combine(web, "package-lock.json"));
        if (!installed.Exists || installed.LastWriteTimeUtc < wanted.LastWriteTimeUtc)
        {
            await RunAsync(npm, cancel, "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error");
        }
    }

    private Task RunAsync(string npm, CancellationToken cancel, params string[] arguments) => CommandLine.RunAsync(
        new ProcessSpec
        {
            Name = $"npm {arguments[0]}", File = npm, Arguments = arguments, WorkingFolder = web,
        },
        input: null, Within, cancel);

    // As a whole, so that the control plane never reads half of a build.
    private void Swap(string made)
    {
        var old = Path.Combine(web, "dist.old");
        Remove(old);
        if (Directory.Exists(FolderOf(web)))
        {
            Directory.Move(FolderOf(web), old);
        }

        Directory.Move(made, FolderOf(web));
        Remove(old);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private bool IsFresh(string sources)
    {
        var stamp = Path.Combine(FolderOf(web), Stamp);
        return File.Exists(stamp) && File.ReadAllText(stamp) == sources;
    }

    // Several may start from one checkout at once; the lock goes with the process.
    private async Task<FileStream> OnlyOneAsync(CancellationToken cancel)
    {
        var path = Path.Combine(web, ".build.lock");
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (clock.Elapsed < Within && File.Exists(path))
            {
                await Task.Delay(LookAgain, cancel);
            }
        }
    }
}
