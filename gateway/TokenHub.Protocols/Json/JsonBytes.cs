using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TokenHub.Protocols.Json;

/// <summary>JSON put together from bytes.</summary>
internal static class JsonBytes
{
    /// <summary>
    /// For documents that no browser reads: escapes only what JSON demands, so that base64 and other alphabets stay as
    /// they are.
    /// </summary>
    public static readonly JsonWriterOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    public static void WriteNumber(this IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var written);
        output.Advance(written);
    }

    /// <summary>Writes a value as it stood in its own document.</summary>
    public static void WriteAsItIs(this Utf8JsonWriter json, JsonElement value) =>
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);

    public static void WriteAsItIs(this Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement value)
    {
        json.WritePropertyName(name);
        json.WriteAsItIs(value);
    }

    /// <summary>The string behind the inside of a JSON string.</summary>
    public static string Unescape(ReadOnlySpan<byte> inside)
    {
        if (inside.IndexOf((byte)'\\') < 0)
        {
            return System.Text.Encoding.UTF8.GetString(inside);
        }

        var plain = new ArrayBufferWriter<byte>(inside.Length);
        WriteUnescaped(plain, inside);
        return System.Text.Encoding.UTF8.GetString(plain.WrittenSpan);
    }

    /// <summary>Writes the UTF-8 text behind the inside of a JSON string.</summary>
    public static void WriteUnescaped(IBufferWriter<byte> output, ReadOnlySpan<byte> inside)
    {
        while (!inside.IsEmpty)
        {
            var stop = inside.IndexOf((byte)'\\');
            output.Write(stop < 0 ? inside : inside[..stop]);
            if (stop < 0 || stop + 1 >= inside.Length)
            {
                return;
            }

            inside = inside[stop..];
            var rune = JsonText.ReadEscape(ref inside);
            output.Advance(rune.EncodeToUtf8(output.GetSpan(4)));
        }
    }
}
