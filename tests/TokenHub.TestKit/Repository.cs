using System.Runtime.CompilerServices;

namespace TokenHub.TestKit;

/// <summary>Where things are: the checkout, and the recorded provider traffic beside it.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory) ?? FindRoot(SourceFile())
        ?? throw new DirectoryNotFoundException("TokenHub.sln was not found above the test assembly.");

    /// <summary>
    /// The folder of recorded streams beside the checkout (or in TOKENHUB_WIRE), or null. It is not part of the
    /// project: a test that needs it says loudly when it is absent.
    /// </summary>
    public static string? WireFolder { get; } = FindWire();

    private static string SourceFile([CallerFilePath] string path = "") => path;

    private static string? FindRoot(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "TokenHub.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }

    private static string? FindWire()
    {
        if (Environment.GetEnvironmentVariable("TOKENHUB_WIRE") is { Length: > 0 } given)
        {
            return Directory.Exists(given) ? given : null;
        }

        for (var folder = new DirectoryInfo(Root); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "wire");
            if (File.Exists(Path.Combine(candidate, "expected.json")))
            {
                return candidate;
            }
        }

        return null;
    }
}
