using System.Collections.Frozen;
using TokenHub.ControlPlane.Options;

namespace TokenHub.ControlPlane.Site;

/// <summary>
/// The built console, held in memory: from the folder that is named, or from <c>console</c> beside this program. While
/// there is none, one plain page from this assembly stands in for it.
/// </summary>
internal sealed class SiteFiles
{
    private const string Page = "/index.html";
    private const string Assets = "/assets/";
    private const int RefreshSeconds = 5;

    private readonly string _folder;
    private readonly FrozenDictionary<string, SiteFile> _plain;
    private readonly Lock _reading = new();
    private volatile Build? _build;

    public SiteFiles(ControlPlaneOptions options)
    {
        _folder = options.ConsoleFiles ?? Path.Combine(AppContext.BaseDirectory, "console");
        _plain = new Dictionary<string, SiteFile>
        {
            // Where a folder was named, its build is under way.
            ["/"] = OfAssembly("index.html", options.ConsoleFiles is null ? null : RefreshSeconds),
            ["/site.css"] = OfAssembly("site.css", null),
        }.ToFrozenDictionary();
    }

    /// <summary>Null when nothing is at the path.</summary>
    public SiteFile? Find(string path)
    {
        if (Present() is not { } build)
        {
            return _plain.GetValueOrDefault(path);
        }

        if (build.Files.TryGetValue(path, out var file))
        {
            return file;
        }

        // The console's own router knows the other addresses; a file that is missing is missing.
        var isFile = path.StartsWith(Assets, StringComparison.Ordinal) || Path.GetExtension(path).Length > 0;
        return isFile ? null : build.Files.GetValueOrDefault(Page);
    }

    // A new build is put in the place of the old one as a whole, so its page's time tells all.
    private Build? Present()
    {
        var page = new FileInfo(_folder + Page);
        if (!page.Exists)
        {
            return null;
        }

        var build = _build;
        if (build?.At == page.LastWriteTimeUtc)
        {
            return build;
        }

        lock (_reading)
        {
            if (_build?.At != page.LastWriteTimeUtc)
            {
                _build = new Build(page.LastWriteTimeUtc, Read());
            }

            return _build;
        }
    }

    private FrozenDictionary<string, SiteFile> Read()
    {
        var all = Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
            .ToDictionary(file => "/" + Path.GetRelativePath(_folder, file).Replace('\\', '/'), File.ReadAllBytes);
        return all.Where(file => !IsCompressed(file.Key) && !Path.GetFileName(file.Key).StartsWith('.'))
            .ToFrozenDictionary(
                file => file.Key,
                file => new SiteFile(
                    file.Key,
                    file.Value,
                    all.GetValueOrDefault(file.Key + ".br"),
                    all.GetValueOrDefault(file.Key + ".gz"),
                    file.Key.StartsWith(Assets, StringComparison.Ordinal)));
    }

    private static bool IsCompressed(string path) => Path.GetExtension(path) is ".br" or ".gz";

    private static SiteFile OfAssembly(string name, int? refreshSeconds)
    {
        using var stream = typeof(SiteFiles).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is not in the assembly.");
        using var buffer = new MemoryStream();
        stream.CopyTo(buffer);
        return new SiteFile(name, buffer.ToArray()) { RefreshSeconds = refreshSeconds };
    }

    private sealed record Build(DateTime At, FrozenDictionary<string, SiteFile> Files);
}
