using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Bedrock;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Bedrock;

/// <summary>Recorded and built streams of frames.</summary>
internal static class BedrockWire
{
    private static readonly Lazy<JsonDocument?> Index = new(() => Repository.WireFolder is { } folder
        ? JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))) : null);

    /// <summary>Names of the files of one kind; one empty name when there are none.</summary>
    public static IEnumerable<string> Names(string kind)
    {
        if (Index.Value is not { } index)
        {
            Console.Error.WriteLine($"WARNING: {WireCase.Absent}");
            return [""];
        }

        return index.RootElement.EnumerateObject()
            .Where(file => file.Value.GetProperty("kind").GetString() == kind).Select(file => file.Name);
    }

    public static (byte[] Bytes, JsonElement Expected) Load(string name)
    {
        Assert.SkipWhen(name.Length == 0, WireCase.Absent);
        return (
            File.ReadAllBytes(Path.Combine(Repository.WireFolder!, name)), Index.Value!.RootElement.GetProperty(name));
    }

    /// <summary>What the framing makes of the pieces, and whether it was content with them.</summary>
    public static (string Text, bool IsSound) Unframe(Dialect dialect, IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var framing = new EventStreamFraming(dialect);
        var output = new ArrayBufferWriter<byte>();
        var isSound = pieces.All(piece => framing.Append(piece.Span, output)) && framing.Complete(output);
        return (Encoding.UTF8.GetString(output.WrittenSpan), isSound);
    }
}
