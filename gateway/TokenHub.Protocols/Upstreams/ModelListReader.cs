using System.Text.Json;

namespace TokenHub.Protocols.Upstreams;

/// <summary>A model as an upstream lists it.</summary>
public sealed record ListedModel(string Id, string? Name);

/// <summary>
/// Reads the lists of models of all providers: OpenAI's and Anthropic's <c>data</c>, Gemini's <c>models</c>, Bedrock's
/// summaries, Vertex' publisher models, and bare arrays.
/// </summary>
public static class ModelListReader
{
    private const int TextCharsMax = 256;

    private static readonly string[] Lists =
        ["data", "models", "modelSummaries", "inferenceProfileSummaries", "publisherModels"];

    private static readonly string[] Ids = ["modelId", "inferenceProfileId", "id", "name"];
    private static readonly string[] Names =
        ["modelName", "inferenceProfileName", "display_name", "displayName", "model"];

    /// <summary>The models in the order they stand in; null when the document is no list.</summary>
    public static IReadOnlyList<ListedModel>? Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var list = root.ValueKind == JsonValueKind.Array ? root : Find(root, Lists, JsonValueKind.Array);
            return list is { } array
                ? [.. array.EnumerateArray().Where(IsOfferedAlone).Select(ReadOne).OfType<ListedModel>()]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ListedModel? ReadOne(JsonElement model)
    {
        if (model.ValueKind == JsonValueKind.String)
        {
            return new ListedModel(Short(model.GetString()!), null);
        }

        if (model.ValueKind != JsonValueKind.Object || Find(model, Ids, JsonValueKind.String) is not { } id)
        {
            return null;
        }

        // models/gemini-x, publishers/google/models/gemini-x: the last part is what a call names.
        var text = id.GetString()!;
        var mark = text.StartsWith("models/", StringComparison.Ordinal) ? 0
            : text.StartsWith("publishers/", StringComparison.Ordinal)
                ? text.IndexOf("models/", StringComparison.Ordinal)
                : -1;
        text = mark < 0 ? text : text[(mark + "models/".Length)..];
        var name = Find(model, Names, JsonValueKind.String)?.GetString();
        return text.Length is 0 or > TextCharsMax ? null
            : new ListedModel(text, string.IsNullOrEmpty(name) || name == text ? null : Short(name));
    }

    // Bedrock lists models that answer only behind an inference profile, which is listed itself.
    private static bool IsOfferedAlone(JsonElement model) =>
        model.ValueKind != JsonValueKind.Object
        || !model.TryGetProperty("inferenceTypesSupported", out var types) || types.ValueKind != JsonValueKind.Array
        || types.EnumerateArray().Any(type => type.ValueEquals("ON_DEMAND"u8));

    private static JsonElement? Find(JsonElement from, string[] names, JsonValueKind kind)
    {
        if (from.ValueKind == JsonValueKind.Object)
        {
            foreach (var name in names)
            {
                if (from.TryGetProperty(name, out var value) && value.ValueKind == kind)
                {
                    return value;
                }
            }
        }

        return null;
    }

    private static string Short(string text) => text.Length <= TextCharsMax ? text : text[..TextCharsMax];
}
