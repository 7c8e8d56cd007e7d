using System.Buffers;
using System.Buffers.Binary;
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

    /// <summary>One frame, with headers of text.</summary>
    public static byte[] Frame(string payload, params (string Name, string Value)[] headers)
    {
        var head = new MemoryStream();
        foreach (var (name, value) in headers)
        {
            head.WriteByte((byte)name.Length);
            head.Write(Encoding.ASCII.GetBytes(name));
            head.WriteByte(7);
            head.Write([(byte)(value.Length >> 8), (byte)value.Length]);
            head.Write(Encoding.ASCII.GetBytes(value));
        }

        return Frame(Encoding.UTF8.GetBytes(payload), head.ToArray());
    }

    public static byte[] Frame(byte[] payload, byte[] headers)
    {
        var frame = new byte[16 + headers.Length + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)frame.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(8), Crc32.Of(frame.AsSpan(0, 8)));
        headers.CopyTo(frame, 12);
        payload.CopyTo(frame, 12 + headers.Length);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(frame.Length - 4), Crc32.Of(frame.AsSpan(0, frame.Length - 4)));
        return frame;
    }

    /// <summary>A frame as Converse sends one.</summary>
    public static byte[] Event(string name, string payload) => Frame(
        payload, (":event-type", name), (":content-type", "application/json"), (":message-type", "event"));

    /// <summary>A frame with one of Anthropic's events in it.</summary>
    public static byte[] Chunk(string json) => Event(
        "chunk", $$"""{"bytes":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(json))}}","p":"abcdef"}""");
}
