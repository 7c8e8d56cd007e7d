using System.Text.RegularExpressions;
using Xunit;

namespace TokenHub.Tidy.Tests;

public sealed class NameTests
{
    [Fact]
    public void A_script_is_named_by_its_verb_and_the_number_of_its_keys()
    {
        foreach (var file in SourceTree.Files.Where(f => f.EndsWith(".lua", StringComparison.Ordinal)))
        {
            var name = Regex.Match(Path.GetFileName(file), "^([a-z]+)-([0-9]+)\\.lua$");
            Assert.True(name.Success, file);
            var highest = Regex.Matches(SourceTree.Read(file), @"KEYS\[(\d+)\]").Select(m => int.Parse(m.Groups[1].Value)).DefaultIfEmpty(0).Max();
            Assert.True(int.Parse(name.Groups[2].Value) == highest, $"{file} uses KEYS[{highest}]");
            Assert.StartsWith("-- ", SourceTree.Read(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Migrations_are_numbered_once_each()
    {
        var names = SourceTree.Files.Where(f => f.StartsWith("control-plane/migrations/", StringComparison.Ordinal))
            .Select(f => Path.GetFileName(f))
            .ToList();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Matches("^[0-9]{4}_[a-z0-9_]+\\.sql$", name));
        Assert.Equal(names.Count, names.Select(n => n[..4]).Distinct().Count());
    }

    [Fact]
    public void No_promise_stands_where_code_should()
    {
        var promise = new Regex("\\b(" + string.Join('|', "TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X", "NotImplemented" + "Exception") + ")\\b");
        var found = SourceTree.Sources(".cs", ".lua", ".sql", ".mjs", ".js", ".ts", ".tsx", ".css", ".html")
            .Where(f => promise.IsMatch(SourceTree.Read(f)));

        Expect.None(found);
    }

    [Fact]
    public void Names_say_what_a_thing_is()
    {
        var vague = new Regex("(Manager|Helper|Util|Utils|Common|Misc|Impl)\\.cs$");

        Expect.None(SourceTree.Files.Where(f => vague.IsMatch(f)));
    }

    [Fact]
    public void A_test_file_is_named_after_what_it_tests()
    {
        var nameless = SourceTree.Sources(".cs")
            .Where(f => SourceTree.IsTest(f) && Regex.IsMatch(SourceTree.Read(f), @"\[(Fact|Theory)"))
            .Where(f => !f.EndsWith("Tests.cs", StringComparison.Ordinal));

        Expect.None(nameless);
    }

    [Fact]
    public void No_test_is_skipped_in_silence_or_sleeps_for_luck()
    {
        var skipped = new Regex("Skip" + " *= *\"|Thread" + "\\.Sleep|Task\\.Delay\\((?:[0-9_]{5,}|TimeSpan\\.FromSeconds\\([2-9])");
        var found = SourceTree.Sources(".cs").Where(f => SourceTree.IsTest(f) && skipped.IsMatch(SourceTree.Read(f)));

        Expect.None(found);
    }

    [Fact]
    public void No_build_output_or_secret_is_tracked()
    {
        var wrong = new Regex(@"(^|/)(bin|obj|node_modules|dist|TestResults|BenchmarkDotNet\.Artifacts)/|\.(pfx|pem|key|sqlite3?|db)$");

        Expect.None(SourceTree.Files.Where(f => wrong.IsMatch(f)));
    }

    [Fact]
    public void Lock_files_name_no_download_address() =>
        Expect.None(SourceTree.Files.Where(f => f.EndsWith("package-lock.json", StringComparison.Ordinal)
            && SourceTree.Read(f).Contains("\"resolved\"", StringComparison.Ordinal)));
}
