using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests;

/// <summary>
/// One answer of our own corpus, <c>Golden/&lt;dialect&gt;/&lt;case&gt;/</c>, and what is to be found in it.
/// </summary>
internal sealed record GoldenCase(string Name, Dialect Dialect, bool IsStream, byte[] Bytes, JsonElement Expected)
{
    private static readonly string Root =
        Path.Combine(Repository.Root, "tests", "TokenHub.Protocols.Tests", "Golden");

    /// <summary>All cases as <c>dialect/case</c>.</summary>
    public static IEnumerable<string> Names() => Directory.GetDirectories(Root)
        .SelectMany(Directory.GetDirectories).Select(folder => Path.GetRelativePath(Root, folder))
        .Order(StringComparer.Ordinal);

    public static GoldenCase Load(string name)
    {
        var folder = Path.Combine(Root, name);
        var upstream = Directory.GetFiles(folder, "upstream.*").Single();
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        return new GoldenCase(
            name,
            Enum.Parse<Dialect>(name.Split('/', '\\')[0]),
            upstream.EndsWith(".sse", StringComparison.Ordinal),
            File.ReadAllBytes(upstream),
            expected.RootElement.Clone());
    }

    /// <summary>The expectations in the words of <see cref="Chunker.Describe"/>, but for the own count.</summary>
    public string Describe()
    {
        var error = Expected.GetProperty("error");
        var hasError = error.ValueKind != JsonValueKind.Null;
        return string.Join(
            '\n',
            $"content {Flag("content")} terminal {Flag("terminal")} error {hasError}",
            hasError ? $"error {Text(error, "type")} {Text(error, "code")} {Text(error, "message")}" : "error   ",
            $"usage {Usage()} final {Flag("final")}",
            $"finish {Text(Expected, "finish")} id {Text(Expected, "id")} model {Text(Expected, "model")}",
            $"bytes {Number("text_bytes")} {Number("reasoning_bytes")} {Number("tool_bytes")}",
            $"faults {Text(Expected, "faults")}");
    }

    private bool Flag(string name) => Expected.GetProperty(name).GetBoolean();

    private long Number(string name) => Expected.GetProperty(name).GetInt64();

    private static string? Text(JsonElement from, string name) => from.GetProperty(name).GetString();

    private TokenUsage? Usage()
    {
        var usage = Expected.GetProperty("usage");
        return usage.ValueKind == JsonValueKind.Null ? null : new TokenUsage
        {
            Input = usage.GetProperty("input").GetInt64(),
            Output = usage.GetProperty("output").GetInt64(),
            CacheRead = usage.GetProperty("cache_read").GetInt64(),
            CacheWrite5m = usage.GetProperty("cache_write_5m").GetInt64(),
            CacheWrite1h = usage.GetProperty("cache_write_1h").GetInt64(),
            CacheWriteOther = usage.GetProperty("cache_write_other").GetInt64(),
            Reasoning = usage.GetProperty("reasoning").GetInt64(),
            ToolUsePrompt = usage.GetProperty("tool_use_prompt").GetInt64(),
        };
    }

    public AnswerReader CreateReader() => AnswerReader.Create(Dialect, IsStream);
}
