using System.Buffers;
using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>
/// JSON carried over as it is written: values copied without white space, the insides of strings escaped once more or
/// once less. Numbers keep their digits and strings their escapes.
/// </summary>
internal static class JsonRaw
{
    /// <summary>Deep enough for every schema and argument that a provider takes.</summary>
    public const int DepthMax = 512;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = DepthMax };

    public static Utf8JsonReader NewReader(ReadOnlySpan<byte> json) =>
        new(json, isFinalBlock: true, new JsonReaderState(Options));

    public static JsonDocument Parse(ReadOnlyMemory<byte> json) =>
        JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = DepthMax });

    /// <summary>Writes the value at hand without white space, and leaves the reader at its end.</summary>
    public static void Copy(ref Utf8JsonReader reader, IBufferWriter<byte> output) =>
        Copy(ref reader, output, isEscaped: false);

    /// <summary>The same as the inside of a JSON string.</summary>
    public static void CopyEscaped(ref Utf8JsonReader reader, IBufferWriter<byte> output) =>
        Copy(ref reader, output, isEscaped: true);

    /// <summary>
    /// Writes a text that is said to be a JSON object without its white space; false, and nothing written that counts,
    /// when it is none.
    /// </summary>
    public static bool TryCopyObject(ReadOnlySpan<byte> json, ArrayBufferWriter<byte> output)
    {
        output.ResetWrittenCount();
        try
        {
            var reader = NewReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            Copy(ref reader, output);
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The text that stands in a JSON string.</summary>
    public static void Unescape(ReadOnlySpan<byte> escaped, IBufferWriter<byte> output)
    {
        Span<byte> utf8 = stackalloc byte[4];
        while (!escaped.IsEmpty)
        {
            var stop = escaped.IndexOf((byte)'\\');
            output.Write(stop < 0 ? escaped : escaped[..stop]);
            if (stop < 0 || escaped.Length - stop < (escaped[stop..].StartsWith("\\u"u8) ? 6 : 2))
            {
                return;
            }

            escaped = escaped[stop..];
            var rune = JsonText.ReadEscape(ref escaped);
            output.Write(utf8[..rune.EncodeToUtf8(utf8)]);
        }
    }

    public static string ToText(this ArrayBufferWriter<byte> buffer) => Encoding.UTF8.GetString(buffer.WrittenSpan);

    private static void Copy(ref Utf8JsonReader reader, IBufferWriter<byte> output, bool isEscaped)
    {
        var (depth, isFirst) = (0, true);
        do
        {
            var token = reader.TokenType;
            if (token is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                output.Write(token == JsonTokenType.EndObject ? "}"u8 : "]"u8);
                (depth, isFirst) = (depth - 1, false);
                continue;
            }

            output.Write(isFirst ? default : ","u8);
            isFirst = token is JsonTokenType.PropertyName or JsonTokenType.StartObject or JsonTokenType.StartArray;
            switch (token)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    output.Write(token == JsonTokenType.StartObject ? "{"u8 : "["u8);
                    depth++;
                    break;
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    CopyString(reader.ValueSpan, output, isEscaped);
                    output.Write(token == JsonTokenType.PropertyName ? ":"u8 : default);
                    break;
                default:
                    output.Write(reader.ValueSpan);
                    break;
            }
        }
        while ((depth > 0 || reader.TokenType == JsonTokenType.PropertyName) && reader.Read());
    }

    private static void CopyString(ReadOnlySpan<byte> inside, IBufferWriter<byte> output, bool isEscaped)
    {
        output.Write(isEscaped ? "\\\""u8 : "\""u8);
        if (isEscaped)
        {
            JsonText.WriteEscaped(output, inside);
        }
        else
        {
            output.Write(inside);
        }

        output.Write(isEscaped ? "\\\""u8 : "\""u8);
    }
}
