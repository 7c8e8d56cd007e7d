using System.Diagnostics;
using TokenHub.TestKit;

namespace TokenHub.Tidy.Tests;

/// <summary>The files that belong to the project: what git tracks, or would track.</summary>
internal static class SourceTree
{
    public static IReadOnlyList<string> Files { get; } = List();

    public static IEnumerable<string> Sources(params string[] extensions) =>
        Files.Where(f => extensions.Contains(Path.GetExtension(f)) && !IsGenerated(f));

    public static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Repository.Root, file));

    public static bool IsTest(string file) => file.StartsWith("tests/", StringComparison.Ordinal);

    private static bool IsGenerated(string file) =>
        file.Contains(".gen.", StringComparison.Ordinal) || file.Contains("/Golden/", StringComparison.Ordinal);

    private static List<string> List()
    {
        using var git = Process.Start(new ProcessStartInfo("git", "ls-files -co --exclude-standard")
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true,
        })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(f => File.Exists(Path.Combine(Repository.Root, f)))];
    }
}
