using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Channels;

/// <summary>Watches an upstream's answer for the first content, and keeps its words when it is an error.</summary>
internal sealed class ProbeAnswer(Dialect dialect, bool isStream)
{
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private int _read;

    public bool HasContent { get; private set; }

    public int Length => _bytes.WrittenCount;

    /// <summary>The message of an error object, or the bare text when the answer is no JSON.</summary>
    public string ErrorText { get; private set; } = "";

    public void Append(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        while (isStream && Rest.IndexOf((byte)'\n') is >= 0 and var end)
        {
            var line = Rest[..end];
            _read += end + 1;
            if (line.StartsWith("data:"u8))
            {
                ReadDocument(line["data:".Length..]);
            }
        }
    }

    public void Complete()
    {
        if (!HasContent && !Rest.IsEmpty && !ReadDocument(Rest) && ErrorText.Length == 0)
        {
            ErrorText = Encoding.UTF8.GetString(Rest);
        }
    }

    private ReadOnlySpan<byte> Rest => _bytes.WrittenSpan[_read..];

    private bool ReadDocument(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            HasContent |= ContentPaths().Any(path => Find(root, path) is { Length: > 0 });
            ErrorText = Find(root, ["error", "message"]) ?? Find(root, ["message"]) ?? ErrorText;
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private string[][] ContentPaths() => dialect switch
    {
        Dialect.Anthropic => [["delta", "text"], ["delta", "thinking"], ["content", "0", "text"]],
        Dialect.Gemini => [["candidates", "0", "content", "parts", "0", "text"]],
        _ =>
        [
            ["choices", "0", "delta", "content"],
            ["choices", "0", "delta", "reasoning_content"],
            ["choices", "0", "delta", "reasoning"],
            ["choices", "0", "message", "content"],
        ],
    };

    private static string? Find(JsonElement element, ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            if (element.ValueKind == JsonValueKind.Array && element.GetArrayLength() > 0 && step == "0")
            {
                element = element[0];
            }
            else if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(step, out element))
            {
                return null;
            }
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }
}
