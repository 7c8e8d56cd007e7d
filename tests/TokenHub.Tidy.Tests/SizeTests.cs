using Xunit;

namespace TokenHub.Tidy.Tests;

public sealed class SizeTests
{
    private const int SourceLinesMax = 400;
    private const int TestLinesMax = 600;
    private const int FunctionLinesMax = 70;
    private const int ColumnsMax = 120;
    private const int FolderFilesMax = 16;

    [Fact]
    public void No_source_file_is_longer_than_four_hundred_lines()
    {
        var long_ = SourceTree.Sources(".cs", ".ts", ".tsx", ".mjs", ".js", ".lua", ".sql")
            .Select(f => (File: f, Count: SourceTree.Lines(f).Length))
            .Where(f => f.Count > (SourceTree.IsTest(f.File) ? TestLinesMax : SourceLinesMax))
            .Select(f => $"{f.File}: {f.Count} lines");

        Expect.None(long_);
    }

    [Fact]
    public void No_line_is_wider_than_a_hundred_and_twenty_columns()
    {
        var wide = SourceTree.Sources(".cs", ".lua", ".sql", ".ts", ".tsx")
            .SelectMany(f => SourceTree.Lines(f).Select((line, i) => (f, i, line.Length)))
            .Where(l => l.Length > ColumnsMax && !SourceTree.IsTest(l.f))
            .Select(l => $"{l.f}:{l.i + 1}: {l.Length} columns");

        Expect.None(wide);
    }

    [Fact]
    public void No_function_is_longer_than_seventy_lines()
    {
        var long_ = SourceTree.Sources(".cs")
            .Where(f => !SourceTree.IsTest(f))
            .SelectMany(f => FunctionsOf(f).Where(x => x.Lines > FunctionLinesMax).Select(x => $"{f}:{x.Start}: {x.Lines} lines"));

        Expect.None(long_);
    }

    [Fact]
    public void No_folder_holds_more_sources_than_a_reader_can_oversee()
    {
        var full = SourceTree.Sources(".cs", ".ts", ".tsx")
            .GroupBy(f => Path.GetDirectoryName(f))
            .Where(g => g.Count() > FolderFilesMax)
            .Select(g => $"{g.Key}: {g.Count()} files");

        Expect.None(full);
    }

    // Every file is written with one brace a line, so a block that opens at a member's indent is a function (or
    // accessor list).
    private static IEnumerable<(int Start, int Lines)> FunctionsOf(string file)
    {
        var lines = SourceTree.Lines(file);
        for (var i = 1; i < lines.Length; i++)
        {
            var indent = lines[i].Length - lines[i].TrimStart().Length;
            if (lines[i].Trim() != "{" || indent is not (4 or 8) || IsType(lines, i))
            {
                continue;
            }

            var end = Array.FindIndex(lines, i, l => l.StartsWith(new string(' ', indent) + "}", StringComparison.Ordinal));
            yield return (i + 1, end - i - 1);
        }
    }

    private static bool IsType(string[] lines, int brace)
    {
        for (var i = brace - 1; i >= 0 && brace - i < 15 && lines[i].Trim().Length > 0; i--)
        {
            var words = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Intersect(["class", "struct", "record", "interface", "enum"]).Any())
            {
                return true;
            }
        }

        return false;
    }
}
