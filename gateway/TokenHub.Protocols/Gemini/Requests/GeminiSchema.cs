using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Gemini.Requests;

/// <summary>
/// Puts a JSON Schema into the members that Google takes of it; what else it demands is told in the description. Only
/// places of schemas are touched, never a default's or an example's own members.
/// </summary>
internal static class GeminiSchema
{
    private static readonly HashSet<string> Plain =
    [
        "$id", "$anchor", "type", "format", "title", "enum", "minItems", "maxItems", "minimum", "maximum", "required",
        "propertyOrdering",
    ];

    private static readonly HashSet<string> Told =
    [
        "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "uniqueItems", "multipleOf", "not",
        "minProperties", "maxProperties", "patternProperties", "allOf",
    ];

    public static void Write(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        if (schema.Get("$ref").AsText() is { } reference)
        {
            // Nothing may stand beside it.
            json.WriteString("$ref"u8, reference.Replace("#/definitions/", "#/$defs/", StringComparison.Ordinal));
        }
        else
        {
            WriteMembers(json, schema);
        }

        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement schema)
    {
        var told = new StringBuilder();
        var description = schema.Get("description").AsText();
        foreach (var member in schema.EnumerateObject())
        {
            if (member.Name == "allOf" && member.Value is { ValueKind: JsonValueKind.Array } parts
                && parts.GetArrayLength() == 1 && parts[0].ValueKind == JsonValueKind.Object)
            {
                WriteOnly(json, schema, parts[0]);
                description ??= parts[0].Get("description").AsText();
            }
            else if (Told.Contains(member.Name))
            {
                told.Append(told.Length > 0 ? ", " : "").Append($"{member.Name}: {member.Value.GetRawText()}");
            }
            else
            {
                WriteMember(json, member);
            }
        }

        if (description is not null || told.Length > 0)
        {
            json.WriteString("description"u8, told.Length == 0 ? description : $"{description} ({told})".TrimStart());
        }
    }

    // What one schema alone adds is the schema's own, where that does not say otherwise.
    private static void WriteOnly(Utf8JsonWriter json, JsonElement schema, JsonElement only)
    {
        foreach (var member in only.EnumerateObject())
        {
            if (!schema.TryGetProperty(member.Name, out _) && member.Name != "$ref")
            {
                WriteMember(json, member);
            }
        }

        if (only.Get("$ref").AsText() is { } reference)
        {
            json.WriteString("$ref"u8, reference.Replace("#/definitions/", "#/$defs/", StringComparison.Ordinal));
        }
    }

    private static void WriteMember(Utf8JsonWriter json, JsonProperty member)
    {
        switch (member.Name)
        {
            case "properties" or "$defs" or "definitions" when member.Value.ValueKind == JsonValueKind.Object:
                json.WriteStartObject(member.Name == "definitions" ? "$defs" : member.Name);
                foreach (var inner in member.Value.EnumerateObject())
                {
                    json.WritePropertyName(inner.Name);
                    Write(json, inner.Value);
                }

                json.WriteEndObject();
                break;
            case "anyOf" or "oneOf" or "prefixItems" when member.Value.ValueKind == JsonValueKind.Array:
                json.WriteStartArray(member.Name);
                foreach (var inner in member.Value.EnumerateArray())
                {
                    Write(json, inner);
                }

                json.WriteEndArray();
                break;
            case "items" or "additionalProperties":
                json.WritePropertyName(member.Name);
                Write(json, member.Value);
                break;
            case "const":
                json.WriteStartArray("enum"u8);
                member.Value.WriteTo(json);
                json.WriteEndArray();
                break;
            case var name when Plain.Contains(name):
                member.WriteTo(json);
                break;
        }
    }
}
