using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
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

    // No browser reads these documents: only what JSON demands is escaped, and base64 stays as it is. What was read
    // may stand deeper in what is written.
    private static readonly JsonWriterOptions Written = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 2 * DepthMax, SkipValidation = true,
    };

    public static Utf8JsonReader NewReader(ReadOnlySpan<byte> json) =>
        new(json, isFinalBlock: true, new JsonReaderState(Options));

    public static Utf8JsonWriter NewWriter(IBufferWriter<byte> output) => new(output, Written);

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

    /// <summary>Writes a value as it stood in its own document.</summary>
    public static void WriteAsItIs(this Utf8JsonWriter json, JsonElement value) =>
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    public static void WriteAsItIs(this Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteAsItIs(value);
    }

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
