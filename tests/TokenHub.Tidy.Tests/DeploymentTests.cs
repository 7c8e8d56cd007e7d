using System.Diagnostics;
using System.Text.RegularExpressions;
using TokenHub.TestKit;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace TokenHub.Tidy.Tests;

/// <summary>
/// There is no container engine where the tests run, so what an image would do is checked by its parts.
/// </summary>
public sealed class DeploymentTests
{
    /// <summary>Keys of a service that the compose file may use, by the compose specification.</summary>
    private static readonly string[] ServiceKeys =
    [
        "image", "build", "restart", "depends_on", "environment", "volumes", "ports", "healthcheck", "command",
        "stop_grace_period",
    ];

    [Fact]
    [Trait("row", "A68")]
    public void The_compose_file_has_the_four_parts_on_volumes_with_fixed_names()
    {
        var root = Compose();

        Assert.Equal("tokenhub", Text(root["name"]));
        Assert.Equal(["control-plane", "gateway", "postgres", "redis"], Keys(root["services"]).Order());
        var volumes = (YamlMappingNode)root["volumes"];
        Assert.All(volumes.Children, v => Assert.Equal($"tokenhub-{Text(v.Key)}", Text(v.Value["name"])));
        foreach (var (name, service) in Services(root))
        {
            Assert.True(Keys(service).All(ServiceKeys.Contains), name);
            Assert.True(service.Children.ContainsKey("image") ^ service.Children.ContainsKey("build"), name);
            foreach (var mount in Items(service, "volumes"))
            {
                Assert.Contains(Text(mount).Split(':')[0], Keys(volumes));
            }

            if (service.Children.TryGetValue("depends_on", out var needs))
            {
                Assert.All(Keys(needs), need => Assert.True(Services(root).ContainsKey(need), need));
            }
        }
    }

    [Fact]
    public void Every_variable_the_compose_file_sets_is_one_the_planes_know()
    {
        foreach (var (name, service) in Services(Compose()).Where(s => s.Value.Children.ContainsKey("build")))
        {
            var project = name == "gateway" ? "gateway/TokenHub.Gateway/" : "control-plane/TokenHub.ControlPlane/";
            var source = string.Concat(SourceTree.Sources(".cs")
                .Where(f => f.StartsWith(project, StringComparison.Ordinal)).Select(SourceTree.Read));
            foreach (var variable in Keys(service["environment"]))
            {
                Assert.StartsWith("TOKENHUB_", variable, StringComparison.Ordinal);
                Assert.True(source.Contains($"\"{variable["TOKENHUB_".Length..]}\"", StringComparison.Ordinal)
                    || source.Contains(variable, StringComparison.Ordinal), $"{name} does not read {variable}");
            }
        }
    }

    [Theory]
    [InlineData("gateway/Dockerfile")]
    [InlineData("control-plane/Dockerfile")]
    public async Task The_publish_that_an_image_runs_gives_the_program_it_starts(string dockerfile)
    {
        var text = SourceTree.Read(dockerfile);
        var project = Regex.Match(text, @"RUN dotnet publish (\S+) -c Release -o /out").Groups[1].Value;
        var program = Regex.Match(text, @"ENTRYPOINT \[""dotnet"", ""(\S+)""\]").Groups[1].Value;
        var output = Directory.CreateTempSubdirectory("tokenhub-publish-");
        try
        {
            using var publish = Process.Start(new ProcessStartInfo(
                "dotnet", ["publish", project, "-c", "Release", "-o", output.FullName, "-v", "q", "--nologo"])
            {
                WorkingDirectory = Repository.Root, RedirectStandardOutput = true,
            })!;
            var log = await publish.StandardOutput.ReadToEndAsync();
            await publish.WaitForExitAsync();

            Assert.True(publish.ExitCode == 0, log);
            Assert.True(File.Exists(Path.Combine(output.FullName, program)), program);
            using var help = Process.Start(new ProcessStartInfo(
                "dotnet", [Path.Combine(output.FullName, program), "--help"]) { RedirectStandardOutput = true })!;
            Assert.Contains("TOKENHUB_REDIS_URL", await help.StandardOutput.ReadToEndAsync(), StringComparison.Ordinal);
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    private static YamlMappingNode Compose()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(SourceTree.Read("docker-compose.yml")));
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static Dictionary<string, YamlMappingNode> Services(YamlMappingNode root) =>
        ((YamlMappingNode)root["services"]).ToDictionary(s => Text(s.Key), s => (YamlMappingNode)s.Value);

    private static IEnumerable<string> Keys(YamlNode node) => ((YamlMappingNode)node).Children.Keys.Select(Text);

    private static IEnumerable<YamlNode> Items(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out var list) ? (YamlSequenceNode)list : [];

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value ?? "";
}
