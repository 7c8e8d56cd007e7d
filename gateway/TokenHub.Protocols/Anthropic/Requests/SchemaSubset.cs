using System.Text;
using System.Text.Json;

namespace TokenHub.Protocols.Anthropic.Requests;

/// <summary>
/// Puts a JSON Schema into the subset that Anthropic takes for the form of an answer: closed objects, no oneOf, few
/// formats; what else it demands is told in the description. Only places of schemas are touched, never a default's or
/// an example's own members.
/// </summary>
internal static class SchemaSubset
{
    private static readonly HashSet<string> Formats =
        ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

    private static readonly HashSet<string> Told =
    [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems",
        "maxItems", "uniqueItems", "multipleOf", "not", "minProperties", "maxProperties",
    ];

    public static void Write(Utf8JsonWriter json, JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            schema.WriteTo(json);
            return;
        }

        json.WriteStartObject();
        var told = new StringBuilder();
        string? description = null;
        foreach (var member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "description" when member.Value.ValueKind == JsonValueKind.String:
                    description = member.Value.GetString();
                    break;
                case "additionalProperties":
                    break;
                case "format" when member.Value.ValueKind != JsonValueKind.String
                    || !Formats.Contains(member.Value.GetString()!):
                case var name when Told.Contains(name):
                    told.Append(told.Length > 0 ? ", " : "").Append($"{member.Name}: {member.Value.GetRawText()}");
                    break;
                default:
                    WriteMember(json, member);
                    break;
            }
        }

        if (IsObject(schema))
        {
            json.WriteBoolean("additionalProperties"u8, false);
        }

        if (description is not null || told.Length > 0)
        {
            json.WriteString("description"u8, told.Length == 0 ? description : $"{description} ({told})".TrimStart());
        }

        json.WriteEndObject();
    }

    private static void WriteMember(Utf8JsonWriter json, JsonProperty member)
    {
        json.WritePropertyName(member.Name == "oneOf" ? "anyOf" : member.Name);
        switch (member.Name)
        {
            case "properties" or "$defs" or "definitions" when member.Value.ValueKind == JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var inner in member.Value.EnumerateObject())
                {
                    json.WritePropertyName(inner.Name);
                    Write(json, inner.Value);
                }

                json.WriteEndObject();
                break;
            case "anyOf" or "oneOf" or "allOf" when member.Value.ValueKind == JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var inner in member.Value.EnumerateArray())
                {
                    Write(json, inner);
                }

                json.WriteEndArray();
                break;
            case "items":
                Write(json, member.Value);
                break;
            default:
                member.Value.WriteTo(json);
                break;
        }
    }

    private static bool IsObject(JsonElement schema) =>
        schema.TryGetProperty("properties", out _)
        || (schema.TryGetProperty("type", out var type)
            && (type.ValueKind == JsonValueKind.String ? type.ValueEquals("object")
                : type.ValueKind == JsonValueKind.Array
                    && type.EnumerateArray().Any(one => one.ValueEquals("object"))));
}
