using System.Buffers;
using System.Text.Json;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>
/// Google's own schemas as JSON Schema: types in lower case, what may be null as a second type, numbers out of their
/// strings. Only places of schemas are touched.
/// </summary>
internal static class OpenApiSchema
{
    public static JsonElement ToJsonSchema(JsonElement schema)
    {
        var body = new ArrayBufferWriter<byte>(256);
        using (var json = JsonRaw.NewWriter(body))
        {
            Write(json, schema.Object("schema"));
        }

        using var document = JsonRaw.Parse(body.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }

        var isNullable = schema.Get("nullable").AsFlag() is true;
        json.WriteStartObject();
        foreach (var member in schema.EnumerateObject())
        {
            switch (GeminiJson.Camel(member.Name))
            {
                case "nullable" or "propertyOrdering":
                    break;
                case "type":
                    WriteType(json, member.Value, isNullable);
                    break;
                case "properties" when member.Value.ValueKind == JsonValueKind.Object:
                    json.WriteStartObject("properties"u8);
                    foreach (var inner in member.Value.EnumerateObject())
                    {
                        json.WritePropertyName(inner.Name);
                        Write(json, inner.Value);
                    }

                    json.WriteEndObject();
                    break;
                case "anyOf" when member.Value.ValueKind == JsonValueKind.Array:
                    json.WriteStartArray("anyOf"u8);
                    foreach (var inner in member.Value.EnumerateArray())
                    {
                        Write(json, inner);
                    }

                    json.WriteEndArray();
                    break;
                case "items":
                    json.WritePropertyName("items"u8);
                    Write(json, member.Value);
                    break;
                case "example":
                    json.WriteStartArray("examples"u8);
                    member.Value.WriteTo(json);
                    json.WriteEndArray();
                    break;
                case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties"
                    when ((JsonElement?)member.Value).AsNumber() is { } number:
                    json.WriteNumber(GeminiJson.Camel(member.Name), number);
                    break;
                default:
                    member.WriteTo(json);
                    break;
            }
        }

        json.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter json, JsonElement type, bool isNullable)
    {
        var name = ((JsonElement?)type).AsText()?.ToLowerInvariant();
        if (name is null)
        {
            json.WritePropertyName("type"u8);
            type.WriteTo(json);
        }
        else if (isNullable && name != "null")
        {
            json.WriteStartArray("type"u8);
            json.WriteStringValue(name);
            json.WriteStringValue("null"u8);
            json.WriteEndArray();
        }
        else if (name != "type_unspecified")
        {
            json.WriteString("type"u8, name);
        }
    }
}
