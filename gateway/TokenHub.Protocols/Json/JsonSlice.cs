using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>A JSON value where it stands: of a string the inside, escaped as it came; else all of its bytes.</summary>
internal readonly ref struct JsonSlice(JsonTokenType type, ReadOnlySpan<byte> bytes)
{
    public JsonTokenType Type { get; } = type;

    public ReadOnlySpan<byte> Bytes { get; } = bytes;

    /// <summary>The inside of a string; empty for everything else.</summary>
    public ReadOnlySpan<byte> Text => Type == JsonTokenType.String ? Bytes : default;

    public bool IsArray => Type == JsonTokenType.StartArray;

    public bool IsObject => Type == JsonTokenType.StartObject;

    /// <summary>There is a value, and it is neither null nor false.</summary>
    public bool IsTruthy => Type is not (JsonTokenType.None or JsonTokenType.Null or JsonTokenType.False);

    /// <summary>A whole number, or what stands for none.</summary>
    public int NumberOr(int none) => Type == JsonTokenType.Number
        && System.Buffers.Text.Utf8Parser.TryParse(Bytes, out int number, out var read) && read == Bytes.Length
            ? number : none;
}
