using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Routing;

/// <summary>The models that a key may use, listed as each dialect lists them.</summary>
internal static class ModelList
{
    private const string Epoch = "1970-01-01T00:00:00Z";

    /// <summary>Writes the list: every model that can be reached, in whatever protocol its upstream speaks.</summary>
    /// <param name="pool">Of the group that the path names, or of calls without a prefix.</param>
    public static void Write(IBufferWriter<byte> writer, RouteTable table, KeyEntry key, Dialect dialect, int pool)
    {
        var models = table.Models
            .Where(m => key.AllowsModel(m.Model) && m.IsOpenTo(key, pool)
                && (dialect == Dialect.Chat || m.IsReachedFrom(dialect)))
            .Select(m => m.Model).ToList();
        using var json = new Utf8JsonWriter(writer);
        json.WriteStartObject();
        json.WriteStartArray(dialect == Dialect.Gemini ? "models"u8 : "data"u8);
        foreach (var model in models)
        {
            WriteModel(json, model, dialect);
        }

        json.WriteEndArray();
        if (dialect == Dialect.Anthropic)
        {
            json.WriteBoolean("has_more"u8, false);
            json.WriteString("first_id"u8, models.Count > 0 ? models[0] : null);
            json.WriteString("last_id"u8, models.Count > 0 ? models[^1] : null);
        }
        else if (dialect == Dialect.Chat)
        {
            json.WriteString("object"u8, "list"u8);
        }

        json.WriteEndObject();
    }

    /// <summary>Writes one model; false when the key cannot see one of this name.</summary>
    public static bool TryWriteOne(
        IBufferWriter<byte> writer, RouteTable table, KeyEntry key, Dialect dialect, int pool, string model)
    {
        if (table.Find(Encoding.UTF8.GetBytes(model)) is not { HasCandidates: true } route
            || !key.AllowsModel(model) || !route.IsOpenTo(key, pool))
        {
            return false;
        }

        using var json = new Utf8JsonWriter(writer);
        WriteModel(json, model, dialect);
        return true;
    }

    private static void WriteModel(Utf8JsonWriter json, string model, Dialect dialect)
    {
        json.WriteStartObject();
        switch (dialect)
        {
            case Dialect.Anthropic:
                json.WriteString("type"u8, "model"u8);
                json.WriteString("id"u8, model);
                json.WriteString("display_name"u8, model);
                json.WriteString("created_at"u8, Epoch);
                break;
            case Dialect.Gemini:
                json.WriteString("name"u8, $"models/{model}");
                json.WriteString("displayName"u8, model);
                json.WriteStartArray("supportedGenerationMethods"u8);
                json.WriteStringValue("generateContent"u8);
                json.WriteStringValue("streamGenerateContent"u8);
                json.WriteStringValue("countTokens"u8);
                json.WriteEndArray();
                break;
            default:
                json.WriteString("id"u8, model);
                json.WriteString("object"u8, "model"u8);
                json.WriteNumber("created"u8, 0);
                json.WriteString("owned_by"u8, "tokenhub"u8);
                break;
        }

        json.WriteEndObject();
    }
}
