using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Standalone.Site;

/// <summary>What the console is built from, as one hash: another hash wants another build.</summary>
public static class ConsoleSources
{
    private static readonly string[] Files =
        ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

    private static readonly string[] Folders = ["public", "scripts", "src"];

    public static string HashOf(string web)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var files = Files.Select(name => Path.Combine(web, name))
            .Concat(Folders.SelectMany(folder => Inside(Path.Combine(web, folder))))
            .Where(File.Exists)
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(web, file)));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<string> Inside(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories) : [];
}
