using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Codecs;

/// <summary>What writers of requests have in common.</summary>
internal static class RequestJson
{
    /// <summary>
    /// Writes a call's arguments as an object: text of a free-form tool in its one member, what is no object as an
    /// empty one. False for the last.
    /// </summary>
    public static bool WriteArguments(this Utf8JsonWriter json, CallPart call)
    {
        if (call.IsFreeForm)
        {
            json.WriteStartObject();
            json.WriteString("input"u8, call.Arguments);
            json.WriteEndObject();
            return true;
        }

        var whole = new ArrayBufferWriter<byte>(call.Arguments.Length + 16);
        var isObject = JsonRaw.TryCopyObject(Encoding.UTF8.GetBytes(call.Arguments), whole);
        json.WriteRawValue(isObject ? whole.WrittenSpan : "{}"u8, skipInputValidation: true);
        return isObject || string.IsNullOrWhiteSpace(call.Arguments);
    }

    /// <summary>The schema of a free-form tool where it has to be a function.</summary>
    public static void WriteFreeFormSchema(this Utf8JsonWriter json) => json.WriteRawValue(
        "{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},\"required\":[\"input\"]}"u8,
        skipInputValidation: true);

    public static void WriteText(this Utf8JsonWriter json, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    public static void WriteElement(this Utf8JsonWriter json, ReadOnlySpan<byte> name, JsonElement element)
    {
        json.WritePropertyName(name);
        element.WriteTo(json);
    }

    /// <summary>A name of a tool that no other has.</summary>
    public static string FreeName(ChatRequest request, string wanted)
    {
        var name = ToolBook.ToldName(wanted);
        while (request.Tools.Exists(tool => tool.Name == name))
        {
            name = ToolBook.ToldName($"{name}_");
        }

        return name;
    }

    /// <summary>The media type that base64 of a picture begins with, or empty.</summary>
    public static string SniffImage(ReadOnlySpan<byte> base64) =>
        base64.StartsWith("iVBORw0KGgo"u8) ? "image/png"
        : base64.StartsWith("/9j/"u8) ? "image/jpeg"
        : base64.StartsWith("R0lGOD"u8) ? "image/gif"
        : base64.StartsWith("UklGR"u8) ? "image/webp"
        : "";
}
