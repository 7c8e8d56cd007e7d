using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>
/// Whether a schema can be held to by OpenAI's strict mode, which wants every object closed, every member required and
/// no choice but <c>anyOf</c>. Who speaks OpenAI's dialects has said so himself; others mean less by their word.
/// </summary>
internal static class StrictSchema
{
    private static readonly string[] Refused =
        ["oneOf", "allOf", "not", "if", "patternProperties", "uniqueItems", "contains", "minLength", "maxLength"];

    private static readonly string[] Maps = ["properties", "$defs", "definitions"];

    /// <summary>The wish as OpenAI can be told it.</summary>
    public static bool? Of(bool? wish, JsonElement? schema, Dialect source) =>
        wish is not true || source is Dialect.Chat or Dialect.Responses or Dialect.None ? wish
        : schema is { } root && root.Text("type") == "object" && Takes(root);

    private static bool Takes(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return true;
        }

        var isObject = schema.Get("properties") is not null
            || schema.Get("type")?.Is("object") is true;
        return !Refused.Any(word => schema.TryGetProperty(word, out _))
            && (!isObject || IsClosed(schema))
            && Maps.All(name => schema.Get(name) is not { ValueKind: JsonValueKind.Object } map
                || map.EnumerateObject().All(member => Takes(member.Value)))
            && (schema.Get("items") is not { } items || Takes(items))
            && (schema.Get("anyOf") is not { ValueKind: JsonValueKind.Array } choices
                || choices.EnumerateArray().All(Takes));
    }

    private static bool IsClosed(JsonElement schema)
    {
        if (schema.Get("additionalProperties")?.ValueKind != JsonValueKind.False)
        {
            return false;
        }

        var required = schema.Get("required") is { ValueKind: JsonValueKind.Array } names
            ? names.EnumerateArray().Select(name => name.ToString()).ToHashSet(StringComparer.Ordinal) : [];
        return schema.Get("properties") is not { ValueKind: JsonValueKind.Object } properties
            || properties.EnumerateObject().All(member => required.Contains(member.Name));
    }
}
