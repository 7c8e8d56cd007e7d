using System.Buffers;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// The members of a Response that repeat its request, written once for all the events that have them. What the caller
/// left out stands there as the default.
/// </summary>
internal static class ResponsesEcho
{
    /// <summary>For a request that said nothing of them.</summary>
    public static ReadOnlySpan<byte> Standard =>
        "\"instructions\":null,\"max_output_tokens\":null,\"metadata\":{},\"parallel_tool_calls\":true,"u8
        + "\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false,"u8
        + "\"temperature\":1.0,\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],"u8
        + "\"top_p\":1.0,\"truncation\":\"disabled\""u8;

    public static ReadOnlyMemory<byte> Write(JsonElement root)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = JsonRaw.NewWriter(bytes))
        {
            json.WriteStartObject();
            Write(json, root, "instructions", "null"u8);
            Write(json, root, "max_output_tokens", "null"u8);
            Write(json, root, "metadata", "{}"u8);
            Write(json, root, "parallel_tool_calls", "true"u8);
            json.WriteNull("previous_response_id"u8);
            WriteReasoning(json, root.Get("reasoning"));
            json.WriteBoolean("store"u8, false);
            Write(json, root, "temperature", "1.0"u8);
            WriteText(json, root.Get("text"));
            Write(json, root, "tool_choice", "\"auto\""u8);
            Write(json, root, "tools", "[]"u8);
            Write(json, root, "top_p", "1.0"u8);
            Write(json, root, "truncation", "\"disabled\""u8);
            foreach (var name in (ReadOnlySpan<string>)["user", "safety_identifier", "prompt_cache_key"])
            {
                if (root.Get(name) is not null)
                {
                    Write(json, root, name, default);
                }
            }

            json.WriteEndObject();
        }

        // Without the braces: it stands among other members.
        return bytes.WrittenMemory[1..^1];
    }

    private static void Write(Utf8JsonWriter json, JsonElement root, string name, ReadOnlySpan<byte> standard)
    {
        json.WritePropertyName(name);
        if (root.Get(name) is { } value)
        {
            // Not as it is: a line end between its tokens would end the event that it stands in.
            value.WriteTo(json);
        }
        else
        {
            json.WriteRawValue(standard, skipInputValidation: true);
        }
    }

    private static void WriteReasoning(Utf8JsonWriter json, JsonElement? reasoning)
    {
        json.WriteStartObject("reasoning"u8);
        var given = reasoning is { ValueKind: JsonValueKind.Object } value ? value : default;
        Write(json, given, "effort", "null"u8);
        Write(json, given, "summary", "null"u8);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, JsonElement? text)
    {
        json.WriteStartObject("text"u8);
        var given = text is { ValueKind: JsonValueKind.Object } value ? value : default;
        Write(json, given, "format", "{\"type\":\"text\"}"u8);
        if (given.Get("verbosity") is not null)
        {
            Write(json, given, "verbosity", default);
        }

        json.WriteEndObject();
    }
}
