using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenHub.MockUpstream;
using TokenHub.MockUpstream.Script;

namespace TokenHub.Load.Scenarios;

/// <summary>The scenarios beside the program; they are read and checked all at once.</summary>
internal static class ScenarioFiles
{
    private static readonly string[] Kinds = [Step.Closed, Step.Rate, Step.Streams, Step.Money];

    public static IReadOnlyList<Scenario> ReadAll() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "scenarios"), "*.json").Order().Select(Read)];

    public static MockDialect DialectOf(string name) =>
        Enum.TryParse<MockDialect>(name, ignoreCase: true, out var dialect)
        ? dialect
        : throw new InvalidDataException($"'{name}' is no dialect; there are chat, responses, messages and gemini.");

    public static MockScript ScriptOf(Step step) =>
        MockScript.TryParse(Encoding.UTF8.GetBytes(step.Model), out var script)
            ? script
            : throw new InvalidDataException($"'{step.Model}' is no script of the mock; see its --help.");

    private static Scenario Read(string file)
    {
        try
        {
            var scenario = JsonSerializer.Deserialize(File.ReadAllBytes(file), ScenarioJsonContext.Default.Scenario)
                ?? throw new InvalidDataException("It is empty.");
            foreach (var step in scenario.Steps)
            {
                Check(step);
            }

            return scenario;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{Path.GetFileName(file)}: {error.Message}", error);
        }
    }

    private static void Check(Step step)
    {
        var script = ScriptOf(step);
        foreach (var dialect in step.Dialects)
        {
            DialectOf(dialect);
        }

        if (!Kinds.Contains(step.Kind))
        {
            throw new InvalidDataException($"'{step.Kind}' is no kind of step; there are {string.Join(", ", Kinds)}.");
        }

        var streamMs = (long)script.Chunks * script.GapMs;
        if (step.Kind == Step.Streams && streamMs < (step.StartOverSeconds + step.WarmUpSeconds + step.Seconds) * 1000L)
        {
            throw new InvalidDataException($"The streams of '{step.Name}' end before the measurement does.");
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(Scenario))]
internal sealed partial class ScenarioJsonContext : JsonSerializerContext;
