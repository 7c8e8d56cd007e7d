using System.Text.RegularExpressions;
using System.Xml.Linq;
using TokenHub.TestKit;
using Xunit;

namespace TokenHub.Tidy.Tests;

public sealed class DependencyTests
{
    /// <summary>
    /// Who may reference whom. One arrow between the planes: control plane to gateway libraries, never back.
    /// </summary>
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["TokenHub.Core"] = [],
        ["TokenHub.Protocols"] = ["TokenHub.Core"],
        ["TokenHub.Redis"] = ["TokenHub.Core"],
        ["TokenHub.Gateway"] = ["TokenHub.Core", "TokenHub.Protocols", "TokenHub.Redis"],
        ["TokenHub.Ledger"] = ["TokenHub.Core", "TokenHub.Redis"],
        ["TokenHub.ControlPlane"] = ["TokenHub.Core", "TokenHub.Redis", "TokenHub.Ledger", "TokenHub.Protocols"],
        ["TokenHub.Standalone"] = [],
        ["TokenHub.MockUpstream"] = [],
        ["TokenHub.Load"] = ["TokenHub.Core", "TokenHub.MockUpstream"],
    };

    /// <summary>What the text of a project's sources must not name.</summary>
    private static readonly (string Project, string[] Banned)[] MustNotName =
    [
        ("gateway/TokenHub.Core", ["System.Net.", "Dns.", "HttpClient", "Npgsql", "Dapper", "Microsoft.AspNetCore", "DateTime.Now",
            "DateTime.UtcNow", "DateTimeOffset.UtcNow", "Environment.GetEnvironmentVariable", "Stopwatch"]),
        ("gateway/TokenHub.Protocols", ["System.Net.", "Npgsql", "Dapper", "Microsoft.AspNetCore", "async ", "Task<",
            "TokenHub.Redis", "DateTime.Now", "DateTime.UtcNow"]),
        ("gateway/TokenHub.Redis", ["Npgsql", "Dapper", "Microsoft.AspNetCore", "TokenHub.Protocols"]),
        ("gateway/TokenHub.Gateway", ["Npgsql", "Dapper", "TokenHub.Ledger", "TokenHub.ControlPlane"]),
        ("control-plane/TokenHub.Ledger", ["Microsoft.AspNetCore", "TokenHub.Protocols", "TokenHub.Gateway."]),
    ];

    /// <summary>The rooms of a request. Only GatewayApplication knows their order; none uses another.</summary>
    private static readonly string[] Rooms =
        ["Listening", "Auth", "Affinity", "Routing", "Reservation", "Forwarding", "Metering", "Settlement"];

    [Fact]
    public void A_project_references_only_what_its_place_allows()
    {
        var wrong = SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal) && !SourceTree.IsTest(f))
            .Select(f => (Name: Path.GetFileNameWithoutExtension(f), Document: XDocument.Parse(SourceTree.Read(f))))
            .Where(p => MayReference.ContainsKey(p.Name))
            .SelectMany(p => p.Document.Descendants("ProjectReference")
                .Where(r => (string?)r.Attribute("ReferenceOutputAssembly") != "false")
                .Select(r => Path.GetFileNameWithoutExtension((string)r.Attribute("Include")!))
                .Except(MayReference[p.Name])
                .Select(r => $"{p.Name} must not reference {r}"));

        Expect.None(wrong);
    }

    [Fact]
    public void Every_project_outside_the_tests_has_its_row()
    {
        var missing = SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(f => f.StartsWith("gateway/", StringComparison.Ordinal) || f.StartsWith("control-plane/", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Except(MayReference.Keys);

        Expect.None(missing);
    }

    [Fact]
    public void A_project_names_nothing_that_its_place_forbids()
    {
        var wrong = MustNotName.SelectMany(rule => SourceTree.Sources(".cs")
            .Where(f => f.StartsWith(rule.Project + "/", StringComparison.Ordinal))
            .SelectMany(f => SourceTree.Lines(f)
                .Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))
                .SelectMany(l => rule.Banned.Where(b => l.Contains(b, StringComparison.Ordinal)))
                .Distinct()
                .Select(b => $"{f} names {b}")));

        Expect.None(wrong);
    }

    [Fact]
    public void No_room_of_the_gateway_uses_another()
    {
        var wrong = Rooms.SelectMany(room => SourceTree.Sources(".cs")
            .Where(f => f.StartsWith($"gateway/TokenHub.Gateway/{room}/", StringComparison.Ordinal))
            .SelectMany(f => Rooms.Where(other => other != room)
                .Where(other => Regex.IsMatch(SourceTree.Read(f), $@"\bTokenHub\.Gateway\.{other}\b|using {other}\b"))
                .Select(other => $"{f} uses room {other}")));

        Expect.None(wrong);
    }

    [Fact]
    public void No_json_is_read_or_written_by_reflection()
    {
        var props = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props"));

        Assert.Contains("<JsonSerializerIsReflectionEnabledByDefault>false<", props, StringComparison.Ordinal);
    }

    [Fact]
    public void A_project_file_says_only_what_differs_from_the_common_settings()
    {
        var long_ = SourceTree.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal))
            .Select(f => (File: f, Text: SourceTree.Read(f)))
            .Where(f => f.Text.Split('\n').Length > 40 || Regex.IsMatch(f.Text, "PackageReference[^>]*Version="))
            .Select(f => f.File);

        Expect.None(long_);
    }
}
