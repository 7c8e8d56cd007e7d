using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests;

/// <summary>One file of recorded provider traffic and what a correct reader finds in it.</summary>
internal sealed record WireCase(string Name, Dialect Dialect, byte[] Bytes, JsonElement Expected)
{
    public const string Absent = "recorded traffic is absent: set TOKENHUB_WIRE or put shared/wire beside the checkout";

    private static readonly Lazy<JsonDocument?> Index = new(() => Repository.WireFolder is { } folder
        ? JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))) : null);

    /// <summary>Names of all files in the four dialects; one empty name when there are none.</summary>
    public static IEnumerable<string> Names()
    {
        if (Index.Value is not { } index)
        {
            Console.Error.WriteLine($"WARNING: {Absent}");
            return [""];
        }

        return index.RootElement.EnumerateObject().Where(file => DialectOf(file) is not Dialect.None)
            .Select(file => file.Name);
    }

    /// <summary>Names of the streams of one dialect.</summary>
    public static IEnumerable<string> StreamNames(Dialect dialect) => Names().Where(name =>
        name.Length == 0 || (name.EndsWith(".sse", StringComparison.Ordinal) && Load(name).Dialect == dialect));

    public static WireCase Load(string name)
    {
        Assert.SkipWhen(name.Length == 0, Absent);
        var file = Index.Value!.RootElement.EnumerateObject().First(file => file.Name == name);
        return new WireCase(
            name, DialectOf(file), File.ReadAllBytes(Path.Combine(Repository.WireFolder!, name)), file.Value);
    }

    public bool IsStream => !Name.EndsWith(".json", StringComparison.Ordinal);

    private static Dialect DialectOf(JsonProperty file)
    {
        var kind = file.Value.GetProperty("kind").GetString()!;
        if (kind.StartsWith("bedrock", StringComparison.Ordinal)
            || file.Name.StartsWith("bedrock", StringComparison.Ordinal))
        {
            return Dialect.None;
        }

        kind = kind == "error-body" ? file.Name : kind;
        return kind.StartsWith("anthropic", StringComparison.Ordinal) ? Dialect.Anthropic
            : kind.StartsWith("gemini", StringComparison.Ordinal) ? Dialect.Gemini
            : kind.StartsWith("openai-responses", StringComparison.Ordinal) ? Dialect.Responses : Dialect.Chat;
    }
}
