using TokenHub.Standalone.Site;
using Xunit;

namespace TokenHub.EndToEnd.Tests.Standalone;

/// <summary>The build beside a start, by the real npm on a console of one line.</summary>
public sealed class ConsoleBuildTests : IDisposable
{
    private const string Builds = """
        import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
        const folder = process.argv[process.argv.indexOf('--outDir') + 1];
        mkdirSync(folder, { recursive: true });
        writeFileSync(`${folder}/index.html`, readFileSync('src/page.txt'));
        """;

    private readonly string _web = Directory.CreateTempSubdirectory("tokenhub-console-").FullName;
    private readonly List<string> _told = [];

    public ConsoleBuildTests()
    {
        Directory.CreateDirectory(Path.Combine(_web, "src"));
        Write("package.json", """{ "name": "console", "type": "module", "scripts": { "build": "node build.js" } }""");
        Write("package-lock.json", """
            { "name": "console", "lockfileVersion": 3, "requires": true, "packages": { "": { "name": "console" } } }
            """);
        Write("build.js", Builds);
        Write("src/page.txt", "first");
    }

    private string Page => File.ReadAllText(Path.Combine(_web, "dist", "index.html"));

    [Fact]
    public async Task Console_is_built_once_and_again_only_after_a_change()
    {
        await RunAsync();
        var first = Page;
        _told.Clear();
        await RunAsync();
        var untouched = _told.ToArray();
        Write("src/page.txt", "second");
        await RunAsync();

        Assert.Equal("first", first);
        Assert.Empty(untouched);
        Assert.Equal("second", Page);
        Assert.Matches(@"^built the console in \d+\.\d s$", _told[^1]);
        Assert.False(Directory.Exists(Path.Combine(_web, "dist.old")));
    }

    [Fact]
    public async Task Failed_build_is_told_and_leaves_the_one_of_before()
    {
        await RunAsync();
        Write("src/page.txt", "second");
        Write("build.js", "throw new Error('no such thing')");
        await RunAsync();

        Assert.Equal("first", Page);
        Assert.Contains("the one of before is served", _told[^1], StringComparison.Ordinal);
        Assert.Contains("no such thing", _told[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_starts_at_once_build_it_once()
    {
        await Task.WhenAll(RunAsync(), RunAsync(), RunAsync());

        Assert.Equal("first", Page);
        Assert.Single(_told, line => line.StartsWith("built ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_sources_nothing_is_built()
    {
        File.Delete(Path.Combine(_web, "package.json"));
        await RunAsync();

        Assert.Empty(_told);
    }

    public void Dispose() => Directory.Delete(_web, recursive: true);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_web, name), text);

    private Task RunAsync() => new ConsoleBuild(_web, Tell).RunAsync(TestContext.Current.CancellationToken);

    private void Tell(string line)
    {
        lock (_told)
        {
            _told.Add(line);
        }
    }
}
